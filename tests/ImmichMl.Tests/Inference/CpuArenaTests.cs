namespace ImmichMl.Tests.Inference;

/// <summary>What a run leaves in the arena can be counted, and goes back when asked for or when it is more than may stay.</summary>
[NotInParallel]
public sealed class CpuArenaTests
{
    const int Values = 20_000_000;
    const long Bytes = Values * sizeof(float);

    [Test]
    public async Task Memory_of_a_run_stays_for_the_next_until_it_is_given_back()
    {
        using ModelSession session = Load(new RuntimeOptions { ArenaKeep = long.MaxValue });
        CpuArena.Shrink();
        long before = CpuArena.Held;
        Run(session);
        long after = CpuArena.Held;
        await Assert.That(after - before).IsGreaterThanOrEqualTo(Bytes);
        CpuArena.Shrink();
        await Assert.That(after - CpuArena.Held).IsGreaterThanOrEqualTo(Bytes);
    }

    [Test]
    public async Task More_than_may_stay_goes_back_after_the_run()
    {
        using ModelSession session = Load(new RuntimeOptions { ArenaKeep = Bytes / 2 });
        Run(session);
        await Assert.That(CpuArena.Held).IsLessThan(Bytes / 2);
    }

    [Test]
    public async Task Without_the_arena_nothing_stays()
    {
        using ModelSession session = Load(new RuntimeOptions { Arena = false, ArenaKeep = long.MaxValue });
        CpuArena.Shrink();
        Run(session);
        await Assert.That(CpuArena.Held).IsLessThan(Bytes / 2);
    }

    static void Run(ModelSession session)
    {
        float[] values = new float[Values];
        values[^1] = 3;
        if (session.Run(values, [Values], static (answer, _) => answer[^1], CancellationToken.None) != -3)
        {
            throw new InvalidOperationException("The model does not answer with the negative.");
        }
    }

    static ModelSession Load(RuntimeOptions options)
    {
        using var folder = new TempFolder();
        string model = folder.Write(
            new OnnxGraph("negative").Input("x", OnnxType.Float, "n").Output("y", OnnxType.Float, "n").Node("Neg", ["x"], ["y"])
                .ToModel(), "model.onnx");
        return new SessionFactory(options).Create(new ModelKey(ModelKind.TextDetection, "negative"), model);
    }
}
