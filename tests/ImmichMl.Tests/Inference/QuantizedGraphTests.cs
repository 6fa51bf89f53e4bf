using ImmichMl.Graphs.Quantization;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Tests.Inference;

/// <summary>Graphs whose layers and tables are in another form answer nearly the same; where only their shape changed, the same.</summary>
public sealed class QuantizedGraphTests
{
    static readonly LayerForm[] s_forms =
        [LayerForm.Blockwise(32, 8), LayerForm.Blockwise(64, 8), LayerForm.Blockwise(128, 8), LayerForm.Dynamic(8), LayerForm.Dynamic(7)];

    /// <summary>x [4, inputs] times weights of 96 outputs and a constant, as MatMul and Add or as Gemm of turned weights.</summary>
    [Test]
    [Arguments(128, false, true)]
    [Arguments(128, true, true)]
    [Arguments(100, false, true)]
    [Arguments(100, true, false)]
    [Arguments(128, false, false)]
    public async Task A_layer_answers_nearly_the_same_in_every_form(int inputs, bool isGemm, bool isBiased)
    {
        using var folder = new TempFolder();
        var chance = new Lcg(9);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (chance.Next(2001) - 1000) / 1000f)];
        OnnxGraph graph = new OnnxGraph("layer").Input("x", OnnxType.Float, 4, inputs).Output("y", OnnxType.Float, 4, 96)
            .Initializer("w", OnnxTensor.Floats(isGemm ? [96, inputs] : [inputs, 96], Values(96 * inputs)))
            .Initializer("b", OnnxTensor.Floats([96], Values(96)));
        graph = isGemm
            ? graph.Node("Gemm", isBiased ? ["x", "w", "b"] : ["x", "w"], ["y"], OnnxAttribute.Int("transB", 1))
            : isBiased ? graph.Node("MatMul", ["x", "w"], ["p"]).Node("Add", ["b", "p"], ["y"]) : graph.Node("MatMul", ["x", "w"], ["y"]);
        string source = folder.Write(graph.ToModel(), "model.onnx");
        foreach (LayerForm form in s_forms)
        {
            GraphModel model = Folded(source, folder);
            LinearLayer layer = LinearLayer.All(model).Single();
            string made = Apply(model, new() { [layer.Name] = new LayerPlan(form) }, LayerForm.Plain);
            await Assert.That(GraphModel.Read(made).Nodes.Count).IsEqualTo(1);

            // Without VNNI products of 8 bits overflow in pairs: there the search takes 7.
            bool overflows = form == LayerForm.Dynamic(8) && PrecisionSearch.NeedsFewerBits;
            await Assert.That(Cosine(source, made)).IsGreaterThan(overflows ? 0.9 : form.Bits == 8 ? 0.9999 : 0.999).Because($"{form}");
        }
    }

    [Test]
    public async Task A_table_is_looked_up_nearly_the_same()
    {
        using var folder = new TempFolder();
        var chance = new Lcg(2);
        string source = folder.Write(new OnnxGraph("table").Input("ids", OnnxType.Int64, 1, 9).Output("y", OnnxType.Float, 1, 9, 64)
            .Initializer("t", OnnxTensor.Floats(
                [3000, 64], [.. Enumerable.Range(0, 192_000).Select(_ => (chance.Next(2001) - 1000) / 300f)]))
            .Node("Gather", ["t", "ids"], ["y"]).ToModel(), "model.onnx");
        GraphModel model = Folded(source, folder);
        string made = Apply(model, [], LayerForm.Blockwise(64, 8));
        await Assert.That(GraphModel.Read(made).Nodes.Single().Operator).IsEqualTo("GatherBlockQuantized");
        await Assert.That(Cosine(source, made)).IsGreaterThan(0.9999);
        await Assert.That(new FileInfo(folder.File("quantized.bin")).Length).IsLessThan(192_000 * 11 / 10);
    }

    /// <summary>Channels of 60 times the others' size, written as one operator; nothing is rounded, so the numbers must stay.</summary>
    [Test]
    public async Task Moving_scales_into_weights_changes_no_number()
    {
        using var folder = new TempFolder();
        string source = folder.Write(SmallTower.Model(outlier: 60), "model.onnx");
        GraphModel model = Folded(source, folder);
        List<LinearLayer> layers = LinearLayer.Of(model);
        var plans = layers.ToDictionary(layer => layer.Name, layer => new LayerPlan(
            LayerForm.Plain, [.. Enumerable.Range(0, layer.Inputs).Select(channel => channel % 3 == 0 ? 5f : 0.5f)]));
        const int blocks = 2, behindNormalizations = 4, others = 2;
        int nodes = model.Nodes.Count;
        string made = Apply(model, plans, LayerForm.Plain);
        await Assert.That(Cosine(source, made)).IsGreaterThan(0.9999999);

        // A normalization does it itself; behind attention and activation an operator does.
        await Assert.That(GraphModel.Read(made).Nodes.Count - nodes).IsEqualTo(others * blocks);
        await Assert.That(layers.Count).IsEqualTo((behindNormalizations + others) * blocks);
    }

    [Test]
    [Arguments("image_modules.onnx")]
    [Arguments("image_joint.onnx")]
    [Arguments("text_heads.onnx")]
    [Arguments("text_scaled.onnx")]
    public async Task An_attention_taken_apart_answers_the_same(string name)
    {
        using var folder = new TempFolder();
        string source = Repository.Golden("graphs", name);
        foreach (string path in GraphRewriting.Rewrite(source, folder.Path, pinsBatch: false))
        {
            GraphModel model = GraphModel.Read(path);
            await Assert.That(AttentionSplit.Apply(model)).IsGreaterThan(0);
            await File.WriteAllBytesAsync(path, model.ToBytes());
            await Assert.That(GraphRewriting.AnswerAlike(source, path)).IsTrue().Because(path);
        }
    }

    [Test]
    public async Task The_projection_at_the_end_stays_as_it_is()
    {
        using var folder = new TempFolder();
        GraphModel model = Folded(folder.Write(SmallTower.Model(), "model.onnx"), folder);
        await Assert.That(LinearLayer.All(model).Count() - LinearLayer.Of(model).Count).IsEqualTo(1);
    }

    static GraphModel Folded(string source, TempFolder folder)
    {
        GraphRewriting.Save(
            source, folder.File("folded.onnx"), "folded.bin", GraphOptimizationLevel.ORT_ENABLE_BASIC, "session.disable_prepacking", false);
        return GraphModel.Read(folder.File("folded.onnx"));
    }

    static string Apply(GraphModel model, Dictionary<string, LayerPlan> plans, LayerForm table)
    {
        string made = Path.Combine(model.Folder, "quantized.onnx");
        using FileStream weights = File.Create(Path.Combine(model.Folder, "quantized.bin"));
        QuantizedGraph.Apply(model, plans, table, weights);
        File.WriteAllBytes(made, model.ToBytes());
        return made;
    }

    static double Cosine(string source, string made)
    {
        using InferenceSession before = GraphRewriting.Open(source, GraphOptimizationLevel.ORT_ENABLE_ALL);
        using InferenceSession after = GraphRewriting.Open(made, GraphOptimizationLevel.ORT_ENABLE_ALL, packs: true);
        MadeUpInputs inputs = MadeUpInputs.For(before, 9)!;
        return EmbeddingParity.Cosine(inputs.Answer(before)![0], inputs.Answer(after)![0]);
    }
}
