using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using ImmichMl.Protocol.Messages;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Inference;

/// <summary>A model run that nobody waits for ends at its next operator.</summary>
public sealed class TerminationTests
{
    const string Slow = "slow__model";
    const string Quick = "quick__model";

    [Test]
    public async Task Cancelling_ends_a_run_that_would_take_minutes()
    {
        using TempFolder cache = Cache();
        using ModelSession session = new SessionFactory(new RuntimeOptions())
            .Create(new ModelKey(ModelKind.ClipVisual, Slow), cache.File("clip", Slow, "visual", "model.onnx"));
        using var peer = new CancellationTokenSource();
        Task<OutputTensor> run = Task.Run(() => session.Run(new float[192], [1, 3, 8, 8], peer.Token));
        await Task.Delay(TimeSpan.FromMilliseconds(200));
        await Assert.That(run.IsCompleted).IsFalse();
        await peer.CancelAsync();
        await Assert.That(() => (Task)run.Within()).Throws<OperationCanceledException>();
    }

    [Test]
    public async Task A_peer_that_cancels_is_answered_and_its_turn_goes_to_the_next()
    {
        byte[] picture = TestPicture.Bmp(8, 8);
        using TempFolder cache = Cache();
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path, ("MACHINE_LEARNING_REQUEST_THREADS", "1"));
        await daemon.Client.LoadAsync(Clip.Address(Slow)).Within();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(Clip.Visual(Slow, picture) with { Id = 1 });

        // A pong says that the request before it has been taken on.
        await peer.SendAsync(new PingRequest { Id = 3 });
        await peer.ReceiveAsync(EmptyResult.Read, Patience.Limit.TotalSeconds);
        Task<PredictResult> next = daemon.Client.EmbedAsync(Quick, picture);
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        await Assert.That(next.IsCompleted).IsFalse();
        await peer.SendAsync(new CancelRequest { Id = 2, Target = 1 });

        // Either may come first.
        Response?[] answers = [await peer.ReceiveAsync(CancelResult.Read, Patience.Limit.TotalSeconds), await peer.ReceiveAsync(CancelResult.Read, Patience.Limit.TotalSeconds)];
        await Assert.That(answers.Single(answer => answer!.Id == 1)!.Error!.Code.Name).IsEqualTo("cancelled");
        await Assert.That(((CancelResult)answers.Single(answer => answer!.Id == 2)!.Result!).Cancelled).IsTrue();
        await Assert.That((await next).Clip!.Length).IsEqualTo(192);
    }

    static TempFolder Cache()
    {
        var cache = new TempFolder();
        byte[] config = """{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray();
        foreach ((string name, byte[] onnx) in (ReadOnlySpan<(string, byte[])>)[(Slow, Multiplications(600)), (Quick, Copy())])
        {
            cache.Write(onnx, "clip", name, "visual", "model.onnx");
            cache.Write(config, "clip", name, "visual", "preprocess_cfg.json");
        }

        return cache;
    }

    static byte[] Copy() => new OnnxGraph(Quick).Input("image", OnnxType.Float, 1, 3, 8, 8).Output("embedding", OnnxType.Float, 1, 192)
        .Node("Flatten", ["image"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel();

    /// <summary>A chain of products of 3072×3072 matrices, 58 GFLOP each; all hang on the input, so none can be worked out ahead.</summary>
    static byte[] Multiplications(int count)
    {
        OnnxGraph graph = new OnnxGraph(Slow).Input("image", OnnxType.Float, 1, 3, 8, 8).Output("embedding", OnnxType.Float, 1, 1)
            .Initializer("shape", OnnxTensor.Int64s([2], [3072, 3072]))
            .Node("ConstantOfShape", ["shape"], ["matrix"], OnnxAttribute.Tensor("value", OnnxTensor.Floats([1], [1f / 3072])))
            .Node("ReduceMean", ["image"], ["mean"], OnnxAttribute.Int("keepdims", 0))
            .Node("Add", ["matrix", "mean"], ["product_0"]);
        for (int i = 0; i < count; i++)
        {
            graph.Node("MatMul", [$"product_{i}", "product_0"], [$"product_{i + 1}"]);
        }

        return graph.Node("ReduceMax", [$"product_{count}"], ["embedding"]).ToModel();
    }
}
