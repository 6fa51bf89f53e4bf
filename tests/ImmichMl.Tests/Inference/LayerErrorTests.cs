using ImmichMl.Graphs.Quantization;

namespace ImmichMl.Tests.Inference;

/// <summary>What is looked at of a layer's input, whatever stands in front of the layer.</summary>
public sealed class LayerErrorTests
{
    const int Tokens = 4, Heads = 8, Head = 32, Width = Heads * Head;

    static readonly LayerForm s_form = LayerForm.Blockwise(32, 8);

    /// <summary>The heads of an attention are joined by a reshaping: its input's last axis is a head's and not the layer's.</summary>
    [Test]
    [Arguments(0f)]
    [Arguments(300f)]
    public async Task Of_joined_heads_every_channel_is_looked_at(float outlier)
    {
        using var folder = new TempFolder();
        string graph = folder.Write(
            new OnnxGraph("heads").Input("heads", OnnxType.Float, 1, Tokens, Heads, Head)
                .Output("embedding", OnnxType.Float, 1, Tokens, Width)
                .Initializer("shape", OnnxTensor.Int64s([3], [1, Tokens, Width]))
                .Initializer("first", OnnxTensor.Floats([Width, Width], Numbers(Width * Width, 1)))
                .Initializer("second", OnnxTensor.Floats([Width, Width], Numbers(Width * Width, 2)))
                .Node("Reshape", ["heads", "shape"], ["joined"]).Node("MatMul", ["joined", "first"], ["hidden"])
                .Node("MatMul", ["hidden", "second"], ["embedding"]).ToModel(),
            "model.onnx");
        float[] given = Numbers(Tokens * Width, 3);
        for (int i = 0; i < given.Length; i++)
        {
            given[i] += i % Width == 200 ? outlier : 0;
        }

        var tried = LayerErrors.Of(
            new ModelKey(ModelKind.ClipTextual, "heads"), graph, [s_form], folder.Path,
            (session, _) => [session.Run(given, [1, Tokens, Heads, Head], CancellationToken.None).Values]);
        TriedLayer layer = tried.Values.Single();
        await Assert.That(layer.Errors[s_form]).IsLessThan(0.05);
        await Assert.That(layer.Scale is null).IsEqualTo(outlier == 0);
        if (layer.Scale is { } scale)
        {
            await Assert.That(scale).Count().IsEqualTo(Width);
            await Assert.That(Array.IndexOf(scale, scale.Max())).IsEqualTo(200);
        }
    }

    static float[] Numbers(int count, uint seed)
    {
        var chance = new Lcg(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (chance.Next(2001) - 1000) / 1000f)];
    }
}
