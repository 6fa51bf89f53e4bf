namespace ImmichMl.Tests.Graphs;

/// <summary>Weights beside a graph are moved to aligned places, and the graph is told, wherever in it they are named.</summary>
public sealed class ExternalWeightsTests
{
    static readonly byte[] Weights = [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i * 31 / 7))];

    /// <summary>One weight of the graph itself, with two packed regions, and one of a branch; the same place is named twice.</summary>
    static byte[] Graph(long plain, long first, long second, long inner) =>
        new ProtobufWriter().Number(1, 8).Message(7, new ProtobufWriter()
        .Text(2, "graph").Fixed32(99, 1.5f)
        .Message(5, new ProtobufWriter().Number(1, 300).Text(8, "w").Message(13, Entry("length", "1000"))
            .Message(13, Entry("offset", $"{plain}"))
            .Message(13, Entry("prepacked_0", $"Gemm+1|{first};5000;0|{second};7;0")).Number(14, 1))
        .Message(1, new ProtobufWriter().Text(4, "If").Message(5,
            new ProtobufWriter().Text(1, "then_branch").Message(6, new ProtobufWriter()
            .Message(5, new ProtobufWriter().Message(13, Entry("offset", $"{inner}")).Message(13, Entry("length", "1000"))))))).ToArray();

    static ProtobufWriter Entry(string key, string value) => new ProtobufWriter().Text(1, key).Text(2, value);

    [Test]
    public async Task Regions_move_to_aligned_places_with_their_bytes()
    {
        using var folder = new TempFolder();
        string graph = folder.Write(Graph(0, 1000, 6001, inner: 0), "model.onnx");
        string weights = folder.Write(Weights, "weights.bin");
        await Assert.That(ExternalWeights.AreAligned(graph)).IsFalse();
        ExternalWeights.Align(graph, weights);

        // Short ones go to the next 64 bytes, those of a page or more to the next page.
        await Assert.That((await File.ReadAllBytesAsync(graph)).SequenceEqual(Graph(0, 4096, 9152, inner: 0))).IsTrue();
        await Assert.That(ExternalWeights.AreAligned(graph)).IsTrue();
        byte[] moved = await File.ReadAllBytesAsync(weights);
        await Assert.That(moved.AsSpan(0, 1000).SequenceEqual(Weights.AsSpan(0, 1000))).IsTrue();
        await Assert.That(moved.AsSpan(4096, 5000).SequenceEqual(Weights.AsSpan(1000, 5000))).IsTrue();
        await Assert.That(moved.AsSpan(9152).SequenceEqual(Weights.AsSpan(6001, 7))).IsTrue();
    }

    [Test]
    public async Task A_region_outside_of_the_file_and_a_cut_graph_are_refused()
    {
        using var folder = new TempFolder();
        string weights = folder.Write(Weights, "weights.bin");
        string graph = folder.Write(Graph(0, 19_000, 0, 0), "model.onnx");
        await Assert.That(() => ExternalWeights.Align(graph, weights)).Throws<InvalidDataException>();
        byte[] whole = Graph(0, 64, 128, 192);
        for (int length = 1; length < whole.Length; length++)
        {
            // Cut where a field of the model ends it is a smaller model, and that is after the version alone.
            string cut = folder.Write(whole.AsSpan(0, length), "cut.onnx");
            if (length != 2)
            {
                await Assert.That(() => ExternalWeights.AreAligned(cut)).Throws<InvalidDataException>();
            }
        }
    }
}
