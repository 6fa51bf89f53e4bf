using ImmichMl.Tests.Inference;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImmichMl.Tests.Daemon;

/// <summary>A daemon whose machine runs short of memory, by the kernel's files as data.</summary>
public sealed class PressureTests
{
    static readonly ModelAddress Visual = new("clip", "visual", DemoModels.Name);

    static readonly ModelAddress Textual = new("clip", "textual", DemoModels.Name);

    [Test]
    public async Task Stalls_unload_idle_models_and_answers_stay_what_they_are()
    {
        using var machine = new KernelFiles();
        machine.Available(3_000);
        machine.Stalls(0, 0);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            new MemoryGauge(machine.Proc), null, ("MACHINE_LEARNING_REQUEST_THREADS", "4"));
        float[] before = (await daemon.Client.PredictAsync(Ask.Predict(0))).Clip!;
        await daemon.Client.LoadAsync(Textual);
        await PressureAsync(daemon, "calm");
        machine.Stalls(some: 11, full: 0);
        await daemon.Log.WaitAsync("Memory is tight", "requests at once: 2", "megapixels: 50");
        await daemon.Log.WaitAsync("Gave memory back");
        await daemon.Log.WaitAsync("Unloaded clip", "memory is tight");
        await Assert.That((await daemon.Client.PredictAsync(Ask.Predict(0))).Clip!.AsSpan().SequenceEqual(before)).IsTrue();
        machine.Stalls(some: 60, full: 30);
        await daemon.Log.WaitAsync("Memory is critical", "requests at once: 1", "megapixels: 25");
        PressureUse pressure = await PressureAsync(daemon, "critical");
        await Assert.That((pressure.RequestsAtOnce, pressure.StalledPercent)).IsEqualTo((1, 60));
        await Assert.That((pressure.Tight, pressure.Critical)).IsEqualTo((1, 1));
        await Assert.That(Math.Min(pressure.Unloaded, pressure.Trimmed)).IsPositive();
        machine.Stalls(some: 0, full: 0);
        machine.Available(6_000);
        await daemon.Log.WaitAsync("Memory is calm", "requests at once: 4", "megapixels: 100");
        await Assert.That((await daemon.Client.PredictAsync(Ask.Predict(0))).Clip!.AsSpan().SequenceEqual(before)).IsTrue();
    }

    [Test]
    public async Task Firm_unloads_all_that_is_idle_and_works_on_one_request_at_once()
    {
        using var machine = new KernelFiles();
        machine.Stalls(0, 0);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            new MemoryGauge(machine.Proc), null, ("MACHINE_LEARNING_REQUEST_THREADS", "4"), ("MACHINE_LEARNING_MEMORY_PRESSURE", "firm"));
        await daemon.Client.LoadAsync(Visual);
        await daemon.Client.LoadAsync(Textual);
        machine.Stalls(some: 6, full: 0);
        machine.Available(3_900);
        await daemon.Log.WaitAsync("Memory is tight", "requests at once: 1");
        await daemon.Log.WaitAsync("Unloaded clip visual", "memory is tight");
        await daemon.Log.WaitAsync("Unloaded clip textual", "memory is tight");
    }

    [Test]
    public async Task Off_heeds_nothing_and_tells_nothing()
    {
        using var machine = new KernelFiles();
        machine.Available(100);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            new MemoryGauge(machine.Proc), null, ("MACHINE_LEARNING_MEMORY_PRESSURE", "off"));
        await Assert.That((await daemon.Client.GetStatsAsync()).Pressure).IsNull();
        await Assert.That(daemon.Log.Lines.Any(line => line.Contains("Memory is", StringComparison.Ordinal))).IsFalse();
    }

    [Test]
    public async Task A_model_that_there_is_no_memory_for_is_refused_for_now_and_loaded_later()
    {
        using var machine = new KernelFiles();
        machine.Available(10);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            new MemoryGauge(machine.Proc), null, ("MACHINE_LEARNING_MEMORY_PRESSURE", "off"));
        MlErrorException? refused = await Assert.That(() => daemon.Client.LoadAsync(Visual)).Throws<MlErrorException>();
        await Assert.That((refused!.Error.Code, refused.Error.Retryable, refused.Error.RetryAfterMs))
            .IsEqualTo((ErrorCode.OutOfMemory, true, 5000));
        await Assert.That((await daemon.Client.GetModelsAsync()).Models.Any(model => model.State == "failed")).IsFalse();
        machine.Available(1_000);
        await daemon.Client.LoadAsync(Visual);
    }

    /// <summary>Memory suffices for one load at a time, and the disk of the first hangs.</summary>
    [Test]
    public async Task A_load_that_hangs_holds_up_no_other_for_ever()
    {
        using var machine = new KernelFiles();
        machine.Available(100);
        using var cache = new TempFolder();
        var clock = new ManualClock();
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        ModelKey hung = new(ModelKind.ClipVisual, "hung"), other = new(ModelKind.ClipVisual, "other");
        var files = new ModelOptions { CacheFolder = cache.Path };
        var patient = TimeSpan.FromDays(40);
        using var models = new SessionCache(
            key =>
            {
                begun.Set();
                return key == other || gate.Wait(Patience.Limit)
                    ? new CountedDisposal() : throw new TimeoutException("The gate stayed shut.");
            },
            clock);
        new Residency(
            new ResidencyOptions(), models,
            new ModelFootprint(new ModelStore(files, new ModelCatalog()), new PreparedModels(files, new RuntimeOptions())),
            new MemoryGauge(machine.Proc), clock, NullLogger<Residency>.Instance).Attach();
        Task<SessionCache.Lease<CountedDisposal>> first = models.AcquireAsync<CountedDisposal>(hung, CancellationToken.None, patient);
        await Patience.UntilAsync(() => begun.IsSet);
        Task<SessionCache.Lease<CountedDisposal>> second = models.AcquireAsync<CountedDisposal>(other, CancellationToken.None, patient);
        await Patience.UntilAsync(() =>
        {
            clock.Pass(TimeSpan.FromSeconds(30));
            return second.IsCompleted;
        });
        InferenceException? refused = await Assert.That(() => (Task)second).Throws<InferenceException>();
        await Assert.That((refused!.Fault, refused.RetryAfter is not null)).IsEqualTo((InferenceFault.OutOfMemory, true));
        gate.Set();
        (await first.Within()).Dispose();
        (await models.AcquireAsync<CountedDisposal>(other, CancellationToken.None).Within()).Dispose();
    }

    [Test]
    public async Task A_word_that_is_no_setting_is_named()
    {
        OperatorException? refused = await Assert.That(
            () => DaemonOptions.Read(new Settings().Add("MACHINE_LEARNING_MEMORY_PRESSURE", "hard"))).Throws<OperatorException>();
        await Assert.That(refused!.Message).IsEqualTo("MACHINE_LEARNING_MEMORY_PRESSURE is not off, gentle or firm.");
    }

    /// <summary>Once it is at that level.</summary>
    static async Task<PressureUse> PressureAsync(RunningDaemon daemon, string level)
    {
        await Patience.UntilAsync(() => daemon.Services.GetRequiredService<PressureWatch>().Use?.Level == level);
        return (await daemon.Client.GetStatsAsync()).Pressure!;
    }
}
