namespace ImmichMl.Tests.Tokenizers;

/// <summary>
/// ids.json was made by tests/golden/tokenizers/make.mjs with Hugging Face's own library, and so was each family's oracle.json of the
/// shared data.
/// </summary>
public sealed class GoldenIdsTests
{
    static readonly Lazy<JsonElement> s_golden = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "golden", "tokenizers", "ids.json"))).RootElement);

    [Test]
    [Arguments("clip")]
    [Arguments("t5")]
    [Arguments("gemma")]
    [Arguments("mbert")]
    [Arguments("xlmr")]
    public async Task A_family_gives_every_text_the_ids_of_the_original(string family)
    {
        Tokenizer tokenizer = Tokenizer.Parse(File.ReadAllBytes(SharedData.File("tokenizers", family, "tokenizer.json")));
        using JsonDocument oracle = JsonDocument.Parse(await File.ReadAllBytesAsync(SharedData.File("tokenizers", family, "oracle.json")));
        (JsonElement Text, JsonElement Ids)[] fifty =
            [.. oracle.RootElement.EnumerateArray().Select(entry => (entry.GetProperty("text"), entry.GetProperty("ids")))];
        await Assert.That(fifty.Length).IsEqualTo(50);
        await Assert.That(
            Differences(tokenizer, [.. fifty, .. Pairs(s_golden.Value.GetProperty("shared").GetProperty(family))])).IsEqualTo("");
    }

    [Test]
    public async Task Every_synthetic_tokenizer_gives_the_ids_of_the_original()
    {
        IEnumerable<string> wrong =
            from entry in s_golden.Value.GetProperty("synthetic").EnumerateObject()
            let tokenizer = Tokenizer.Parse(Encoding.UTF8.GetBytes(entry.Value.GetProperty("tokenizer").GetRawText()))
            let differences = Differences(tokenizer, Pairs(entry.Value))
            where differences.Length > 0
            select $"{entry.Name} {differences}";
        await Assert.That(string.Join('\n', wrong)).IsEqualTo("");
    }

    static (JsonElement Text, JsonElement Ids)[] Pairs(JsonElement expected) =>
        [.. s_golden.Value.GetProperty("texts").EnumerateArray().Zip(expected.GetProperty("ids").EnumerateArray())];

    static string Differences(Tokenizer tokenizer, (JsonElement Text, JsonElement Ids)[] expected) => string.Join('\n',
        from pair in expected
        let right = string.Join(' ', pair.Ids.EnumerateArray().Select(id => id.GetInt32()))
        let actual = string.Join(' ', tokenizer.Encode(pair.Text.GetString()!))
        where actual != right
        select $"{pair.Text.GetRawText()}\n  {right}\n  {actual}");
}
