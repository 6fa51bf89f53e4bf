using ImmichMl.Cli;
using ImmichMl.Tests.Inference.Devices;

namespace ImmichMl.Tests.Cli;

public sealed class ParityTests
{
    [Test]
    public async Task Equal_embeddings_have_cosine_1_and_the_same_neighbours()
    {
        float[][] all = [.. Enumerable.Range(0, 15).Select(i => (float[])[MathF.Cos(i / 10f), MathF.Sin(i / 10f)])];
        EmbeddingParity parity = EmbeddingParity.Of(all, all);
        await Assert.That((parity.Count, parity.Neighbours, parity.Overlap)).IsEqualTo((15, 10, 1.0));
        await Assert.That(parity.WorstCosine).IsEqualTo(1).Within(1e-6);
    }

    [Test]
    public async Task A_changed_embedding_shows_in_the_cosine_and_a_changed_order_in_the_neighbours()
    {
        float[][] reference = [[1, 0, 0], [0.9f, 0.1f, 0], [0, 1, 0], [0, 0.9f, 0.1f]];
        float[][] other = [[1, 0, 0], [0, 0.1f, 0.9f], [0, 1, 0], [0, 0.9f, 0.1f]];
        EmbeddingParity parity = EmbeddingParity.Of(reference, other);
        await Assert.That(parity.WorstCosine).IsLessThan(0.1);
        await Assert.That(parity.MeanCosine).IsBetween(0.7, 0.8);
        await Assert.That(EmbeddingParity.Of([[1, 0]], [[0, 1]])).IsEqualTo(new EmbeddingParity(1, 0, 0, 0, 1));

        // Twelve on a line, the last four of which change places: one of ten neighbours differs here and there.
        float[][] line = [.. Enumerable.Range(0, 12).Select(i => (float[])[1, i])];
        float[][] moved = [.. line.Take(8), .. line.Skip(8).Reverse()];
        await Assert.That(EmbeddingParity.Of(line, moved).Overlap).IsBetween(0.9, 0.9999);
    }

    [Test]
    [NotInParallel(StandInProvider.Alone)]
    public async Task The_verb_runs_a_folder_both_ways_and_says_where()
    {
        using var provider = new StandInProvider();
        string demo = Path.Combine(Repository.Root, "models", "demo");
        string picture = Repository.Golden("images", "rgb.png");
        Finished ended = await ChildProgram.RunAsync(
            ["parity", "--model", DemoModels.Name, "--cache", demo, "--json", picture, picture],
            ("MACHINE_LEARNING_PROVIDERS_DIR", provider.Folder));
        await Assert.That(ended.Errors.Trim()).IsEqualTo("");
        await Assert.That(ended.Output).Contains("\"reference\":\"cpu\"").And.Contains("\"device\":\"standin:0\"")
            .And.Contains("\"overlap\":1");
        Finished none = await ChildProgram.RunAsync(["parity", "--cache", demo, Path.Combine(demo, "missing.jpg")]);
        await Assert.That(none.ExitCode).IsEqualTo(2);
    }
}
