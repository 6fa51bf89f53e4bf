using System.Text;
using System.Text.Json;
using ImmichMl.Tokenizers;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Tokenizers;

/// <summary>ids.json, made by tests/golden/tokenizers/make.mjs with Hugging Face's own library.</summary>
public sealed class GoldenIdsTests
{
    static readonly Lazy<JsonDocument> _golden = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "golden", "tokenizers", "ids.json"))));

    [Test]
    [Arguments("clip")]
    [Arguments("t5")]
    [Arguments("gemma")]
    [Arguments("mbert")]
    [Arguments("xlmr")]
    public async Task A_family_gives_every_text_the_ids_of_the_original(string family)
    {
        Tokenizer tokenizer = Tokenizer.Parse(File.ReadAllBytes(SharedData.File("tokenizers", family, "tokenizer.json")));
        await Assert.That(Differences(family, tokenizer, _golden.Value.RootElement.GetProperty("shared").GetProperty(family)))
            .IsEqualTo("");
    }

    [Test]
    public async Task Every_synthetic_tokenizer_gives_the_ids_of_the_original()
    {
        var wrong = new StringBuilder();
        foreach (JsonProperty entry in _golden.Value.RootElement.GetProperty("synthetic").EnumerateObject())
        {
            Tokenizer tokenizer = Tokenizer.Parse(Encoding.UTF8.GetBytes(entry.Value.GetProperty("tokenizer").GetRawText()));
            wrong.Append(Differences(entry.Name, tokenizer, entry.Value));
        }

        await Assert.That(wrong.ToString()).IsEqualTo("");
    }

    static string Differences(string name, Tokenizer tokenizer, JsonElement expected)
    {
        var wrong = new StringBuilder();
        JsonElement.ArrayEnumerator ids = expected.GetProperty("ids").EnumerateArray();
        foreach (JsonElement text in _golden.Value.RootElement.GetProperty("texts").EnumerateArray())
        {
            ids.MoveNext();
            string right = string.Join(' ', ids.Current.EnumerateArray().Select(id => id.GetInt32()));
            string actual = string.Join(' ', tokenizer.Encode(text.GetString()!));
            if (actual != right)
            {
                wrong.Append($"{name} {text.GetRawText()}\n  {right}\n  {actual}\n");
            }
        }

        return wrong.ToString();
    }
}
