using ImmichMl.Inference.Preparation;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>Lets models go: those that lie idle, those that are over the memory budget, those that somebody unloads; and sees that the memory really goes back.</summary>
sealed class Residency
{
    readonly ResidencyOptions _options;
    readonly SessionCache _models;
    readonly ModelFootprint _footprint;
    readonly TimeProvider _time;
    readonly ILogger<Residency> _log;

    public Residency(ResidencyOptions options, SessionCache models, ModelFootprint footprint, TimeProvider time, ILogger<Residency> log)
    {
        _options = options;
        _models = models;
        _footprint = footprint;
        _time = time;
        _log = log;
        models.BeforeLoad = MakeRoom;
    }

    /// <summary>Looks for idle models until told to stop.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (_options.PollSeconds > 0 && !stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(_options.PollSeconds), _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stopping.IsCancellationRequested)
            {
                UnloadIdle();
                Shrink(_options.MemoryLimit);
            }
        }
    }

    public async Task UnloadAsync(ModelKey key, CancellationToken cancellation)
    {
        ProcessMemory before = ProcessMemory.Now();
        await _models.UnloadAsync(key, cancellation);
        GiveBack(key, before, "asked for");
    }

    void UnloadIdle()
    {
        ProcessMemory before = ProcessMemory.Now();
        foreach (ModelKey key in _models.UnloadIdle(_options.TtlOf))
        {
            GiveBack(key, before, "idle");
            before = ProcessMemory.Now();
        }
    }

    /// <summary>A limit that is too small for the model alone does not keep it out.</summary>
    void MakeRoom(ModelKey key)
    {
        if (_options.MemoryLimit > 0)
        {
            Shrink(Math.Max(1, _options.MemoryLimit - _footprint.Of(key)));
        }
    }

    void Shrink(long limit)
    {
        if (limit <= 0 || ProcessMemory.Now().Anonymous <= limit)
        {
            return;
        }

        NativeHeap.Trim();
        for (ProcessMemory before = ProcessMemory.Now(); before.Anonymous > limit && _models.UnloadOldest() is { } key; before = ProcessMemory.Now())
        {
            GiveBack(key, before, "over the memory limit");
        }
    }

    void GiveBack(ModelKey key, ProcessMemory before, string why)
    {
        NativeHeap.Trim();
        ProcessMemory after = ProcessMemory.Now();
        _log.Unloaded(key.ToString(), why, before.Resident / 1_000_000, after.Resident / 1_000_000);
    }
}
