namespace ImmichMl.Tests.Graphs;

public sealed class OnnxGraphReaderTests
{
    [Test]
    [Arguments("Sub_0", "Mul_1", true)]
    [Arguments("_minusscalar0", "_mulscalar0", true)]
    [Arguments("Sub", "_mul", true)]
    [Arguments("sub_0", "mul_1", false)]
    [Arguments("/norm/Sub", "/norm/Mul", false)]
    [Arguments("Sub_0", "Div_1", false)]
    public async Task The_names_of_two_nodes_tell_that_a_graph_normalizes(string subtract, string multiply, bool inside)
    {
        using var folder = new TempFolder();
        string path = folder.Write(FaceModels.Recognizer(1, normalizing: (subtract, multiply)), "model.onnx");
        await Assert.That(OnnxGraphReader.NormalizesInside(path)).IsEqualTo(inside);
    }

    [Test]
    public async Task A_plain_graph_does_not()
    {
        using var folder = new TempFolder();
        await Assert.That(OnnxGraphReader.NormalizesInside(folder.Write(FaceModels.Recognizer(1), "model.onnx"))).IsFalse();
    }

    [Test]
    [Arguments(6, true)]
    [Arguments(7, false)]
    public async Task Only_the_first_eight_nodes_count(int before, bool inside)
    {
        var graph = new OnnxGraph("late");
        for (int i = 0; i < before; i++)
        {
            graph.NamedNode($"step{i}", "Identity", [$"v{i}"], [$"v{i + 1}"]);
        }

        graph.NamedNode("Sub_0", "Sub", ["a", "b"], ["c"]).NamedNode("Mul_0", "Mul", ["c", "d"], ["e"]);
        using var stream = new MemoryStream(graph.ToModel());
        List<string> names = OnnxGraphReader.FirstNames(stream);
        await Assert.That(names.Count).IsEqualTo(8);
        await Assert.That(names.Contains("Mul_0")).IsEqualTo(inside);
    }

    [Test]
    public async Task A_file_cut_anywhere_or_with_any_byte_changed_gives_names_and_no_error()
    {
        byte[] model = FaceModels.Recognizer(1, normalizing: ("Sub_0", "Mul_1"));
        for (int i = 0; i < model.Length; i++)
        {
            using var cut = new MemoryStream(model[..i]);
            await Assert.That(OnnxGraphReader.FirstNames(cut).Count).IsLessThanOrEqualTo(8);
            byte[] changed = [.. model];
            changed[i] ^= 0xFF;
            using var damaged = new MemoryStream(changed);
            await Assert.That(OnnxGraphReader.FirstNames(damaged).Count).IsLessThanOrEqualTo(8);
        }
    }

    [Test]
    public async Task A_large_file_is_not_read_to_its_end()
    {
        // Weights before the nodes, 64 MB of them: stepped over, not read.
        byte[] model = new OnnxGraph("large").Initializer("w", OnnxTensor.Floats([16_000_000], new float[16_000_000]))
            .NamedNode("Sub_0", "Sub", ["a", "b"], ["c"]).NamedNode("Mul_0", "Mul", ["c", "d"], ["e"]).ToModel();
        using var folder = new TempFolder();
        string path = folder.Write(model, "model.onnx");
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool inside = OnnxGraphReader.NormalizesInside(path);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await Assert.That(inside).IsTrue();
        await Assert.That(allocated).IsLessThan(100_000);
    }
}
