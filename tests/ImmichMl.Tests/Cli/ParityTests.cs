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
        await Assert.That(EmbeddingParity.Of([[1, 0]], [[0, 1]])).IsEqualTo(new EmbeddingParity(1, 0, 0, 0, 0, 1, 1));

        // Twelve on a line, the last four of which change places: one of ten neighbours differs here and there.
        float[][] line = [.. Enumerable.Range(0, 12).Select(i => (float[])[1, i])];
        float[][] moved = [.. line.Take(8), .. line.Skip(8).Reverse()];
        await Assert.That(EmbeddingParity.Of(line, moved).Overlap).IsBetween(0.9, 0.9999);
    }

    [Test]
    public async Task What_changes_is_counted_among_what_both_sides_found_in_the_same_place()
    {
        Found Text(int picture, float left, string text) =>
            new(picture, [left, 10, left + 80, 10, left + 80, 30, left, 30], text, null);
        ParityChange texts = ParityChange.Of(
            [Text(0, 0, "one"), Text(0, 5, "two"), Text(0, 500, "gone"), Text(1, 0, "other picture")],
            [Text(0, 6, "two"), Text(0, 0, "on e"), Text(2, 0, "new")]);
        await Assert.That((texts.Before, texts.After, texts.Pairs.Count, texts.MovedBoxes, texts.ChangedTexts)).IsEqualTo((4, 3, 2, 1, 1));
        await Assert.That((texts.ChangedEmbeddings, texts.Embeddings)).IsEqualTo((0, null));

        Found Face(float left, params float[] embedding) => new(0, [left, 0, left + 100, 100], null, embedding);
        ParityChange faces = ParityChange.Of([Face(0, 1, 0), Face(300, 1, 0)], [Face(301, 1, 0.001f), Face(0, 1, 0.1f)]);
        await Assert.That((faces.Pairs.Count, faces.MovedBoxes, faces.ChangedTexts, faces.ChangedEmbeddings)).IsEqualTo((2, 1, 0, 1));

        ParityChange pictures = ParityChange.Of([new(0, [], null, [1, 0]), new(2, [], null, [1, 0])], [new(2, [], null, [0, 1])]);
        await Assert.That((pictures.Pairs.Count, pictures.ChangedEmbeddings, pictures.Embeddings!.WorstCosine)).IsEqualTo((1, 1, 0));
        await Assert.That(ParityChange.Of([], []).Embeddings).IsNull();
    }

    [Test]
    public async Task The_rules_of_two_Immichs_are_compared_for_every_model_of_the_cache_or_for_one_name()
    {
        string demo = Path.Combine(Repository.Root, "models", "demo");
        string picture = Repository.Golden("images", "rgb.png"), none = Path.Combine(Repository.Root, "README.md");
        Finished all = await ChildProgram.RunAsync(["parity", "--rules", "2.7,3.3", "--cache", demo, "--json", picture, picture, none]);
        await Assert.That(all.Errors.Trim()).IsEqualTo("");
        using JsonDocument json = JsonDocument.Parse(all.Output);
        JsonElement root = json.RootElement;
        await Assert.That((root.GetProperty("pictures").GetInt32(), root.GetProperty("leftOut").GetInt32())).IsEqualTo((2, 1));
        await Assert.That(string.Join(' ', root.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("task"))))
            .IsEqualTo("clip facial-recognition ocr");
        await Assert.That(root.GetProperty("models")[0].GetProperty("both").GetInt32()).IsEqualTo(2);
        Finished one = await ChildProgram.RunAsync(
            ["parity", "--rules", "2.7,2.7", "--faces", "--model", DemoModels.Name, "--cache", demo, picture]);
        await Assert.That(one.Output).StartsWith($"1 pictures\n{DemoModels.Name} (facial-recognition): 0 faces by 2.7, 0 by 2.7");
        foreach (string wrong in new[] { "2.7", "2.7,3.4", "2.7,3.3,3.3" })
        {
            await Assert.That((await ChildProgram.RunAsync(["parity", "--rules", wrong, "--cache", demo, picture])).ExitCode).IsEqualTo(2);
        }

        Finished missing = await ChildProgram.RunAsync(["parity", "--rules", "2.7,3.3", "--model", "x", "--cache", demo, picture]);
        await Assert.That((missing.ExitCode, missing.Errors.Contains("no model x", StringComparison.Ordinal))).IsEqualTo((2, true));
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
