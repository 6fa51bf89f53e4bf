using System.Text.RegularExpressions;

namespace ImmichMl.Tests.Inference.Queries;

public sealed partial class TextRequestTests
{
    [Test]
    [Arguments("64", "10")]
    [Arguments("1", "10")]
    [Arguments("0", "11")]
    public async Task A_query_that_comes_again_needs_a_model_run_only_without_a_cache(string entries, string runs) =>
        await Assert.That(await RunsAsync(entries, "a cat", " a  cat")).IsEqualTo(runs);

    [Test]
    public async Task A_full_cache_forgets_the_query_that_was_used_longest_ago() =>
        await Assert.That(await RunsAsync("2", "a", "b", "a", "c", "a", "b")).IsEqualTo("110101");

    /// <summary>How many model runs each of the texts took.</summary>
    static async Task<string> RunsAsync(string entries, params string[] texts)
    {
        using var model = new TextModel();
        await using RunningDaemon daemon = await model.ServeAsync(("MACHINE_LEARNING_TEXT_CACHE", entries));
        string runs = "";
        foreach (string text in texts)
        {
            await Assert.That((await model.IdsAsync(daemon, text))[1]).IsEqualTo('a' + text.Trim()[0] - 'a');
            string[] lines;
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
                lines = [.. daemon.Log.Lines.Where(line => line.Contains("predict ok", StringComparison.Ordinal))];
            }
            while (lines.Length == runs.Length);
            runs += Runs().Match(lines[^1]).Groups[1].Value;
        }

        return runs;
    }

    [Test]
    public async Task A_text_for_an_image_model_and_the_reverse_are_invalid_requests()
    {
        using var model = new TextModel();
        await using RunningDaemon daemon = await model.ServeAsync();
        PredictRequest text = TextAsking.Textual(model.Name, "a cat") with { Tasks = [Ask.Task("clip", "visual", model.Name)] };
        PredictRequest image = Ask.Predict(0) with { Tasks = [Ask.Task("clip", "textual", model.Name)] };
        foreach (PredictRequest request in (PredictRequest[])[text, image])
        {
            MlErrorException? refusal = await Assert.That(() => (Task)daemon.Client.PredictAsync(request).Within())
                .Throws<MlErrorException>();
            await Assert.That(refusal!.Code.Name).IsEqualTo("invalid_request");
        }
    }

    [Test]
    public async Task A_pattern_that_never_ends_is_the_models_fault_and_names_it()
    {
        string pattern = """ "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": false}""";
        string tokenizer = TextModel.Bytes.Replace("\"pre_tokenizer\": null", pattern, StringComparison.Ordinal);
        using var model = new TextModel { Tokenizer = Encoding.UTF8.GetBytes(tokenizer) };
        await using RunningDaemon daemon = await model.ServeAsync();
        await Assert.That((await model.IdsAsync(daemon, "aaa")).Length).IsEqualTo(32);
        MlErrorException refusal = await daemon.Client.TextRefusalAsync(model.Name, new string('a', 60) + "b");
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable").Because(refusal.Message);
        await Assert.That(refusal.Error.Message).Contains(model.Name);
        await Assert.That(refusal.Error.Message).Contains("tokenizer.json");
        await Assert.That((await model.IdsAsync(daemon, "aaa")).Length).IsEqualTo(32);
    }

    [Test]
    public async Task Embed_prints_the_embedding_of_a_text_as_JSON()
    {
        using var model = new TextModel();
        await using RunningDaemon daemon = await model.ServeAsync();
        Finished embed = await ChildProgram.RunAsync(
            ["embed", "--text", "a cat", "--model", model.Name, "--json", "--socket", daemon.SocketPath]);
        await Assert.That(embed.ExitCode).IsEqualTo(0).Because(embed.Errors);
        using JsonDocument json = JsonDocument.Parse(embed.Output);
        int[] ids = [.. json.RootElement.GetProperty("embedding").EnumerateArray().Select(value => (int)value.GetSingle())];
        await Assert.That(string.Join(' ', ids[..8])).IsEqualTo("257 97 32 99 97 116 258 256");
        await Assert.That(ids.Length).IsEqualTo(32);
    }

    [GeneratedRegex(@" (\d+) model runs")]
    private static partial Regex Runs();
}
