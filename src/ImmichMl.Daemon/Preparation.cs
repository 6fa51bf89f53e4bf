using System.Diagnostics;
using System.Threading.Channels;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>
/// Makes the prepared copies of models, one at a time, each in a process of its own (this program with a hidden verb): it takes the
/// memory of a full load, and this heap is to stay small. The loaded model is then exchanged for its copy.
/// </summary>
sealed class Preparation
{
    public const string Verb = "prepare-model";

    static readonly TimeSpan s_behind = TimeSpan.FromSeconds(1);

    readonly PreparedModels _prepared;
    readonly SessionCache _models;
    readonly string _runtime;
    readonly TimeProvider _time;
    readonly ILogger<Preparation> _log;
    readonly Channel<(ModelKey Key, string Source, string Target)> _wanted =
        Channel.CreateBounded<(ModelKey, string, string)>(new BoundedChannelOptions(32) { FullMode = BoundedChannelFullMode.DropWrite });

    public Preparation(PreparedModels prepared, SessionCache models, DaemonOptions options, TimeProvider time, ILogger<Preparation> log)
    {
        _prepared = prepared;
        _models = models;
        _runtime = options.Devices.OnnxRuntimeDir;
        _time = time;
        _log = log;
        prepared.Missing = (key, source, target) => _wanted.Writer.TryWrite((key, source, target));
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await Task.Run(RemoveStale, stopping);
            var tried = new HashSet<string>();
            await foreach ((ModelKey key, string source, string target) in _wanted.Reader.ReadAllAsync(stopping))
            {
                // What the model was loaded for is answered first, on all cores.
                await Task.Delay(s_behind, _time, stopping);
                if (tried.Add(target) && Program(source, target, _runtime) is { } program)
                {
                    await PrepareAsync(key, program, stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    void RemoveStale()
    {
        foreach (string stale in _prepared.RemoveStale(_time.GetUtcNow().UtcDateTime))
        {
            _log.RemovedStale(stale);
        }
    }

    async Task PrepareAsync(ModelKey key, ProcessStartInfo program, CancellationToken stopping)
    {
        long since = _time.GetTimestamp();
        try
        {
            using Process child = Process.Start(program) ?? throw new InvalidOperationException("No process was started.");
            try
            {
                string errors = await child.StandardError.ReadToEndAsync(stopping);
                await child.WaitForExitAsync(stopping);
                if (child.ExitCode != 0)
                {
                    throw new InvalidOperationException($"exit code {child.ExitCode}: {errors.Trim()}");
                }
            }
            catch (OperationCanceledException)
            {
                child.Kill();
                throw;
            }

            _log.Prepared(key.ToString(), _time.GetElapsedTime(since).TotalSeconds);
            await _models.ReloadAsync(key);
            NativeHeap.Trim();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.PreparationFailed(key.ToString(), e.Message);
        }
    }

    /// <summary>This program; null where it is another that holds the daemon, as in tests.</summary>
    static ProcessStartInfo? Program(string source, string target, string runtime)
    {
        string[] own = Path.GetFileName(Environment.ProcessPath) switch
        {
            "immich-ml" => [],
            "dotnet" when Environment.GetCommandLineArgs()[0] is var entry && Path.GetFileName(entry) == "immich-ml.dll" => [entry],
            _ => ["?"],
        };
        return own is ["?"] ? null : new ProcessStartInfo(Environment.ProcessPath!, [.. own, Verb, source, target])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true,
            Environment = { ["MACHINE_LEARNING_ONNXRUNTIME_DIR"] = runtime },
        };
    }
}
