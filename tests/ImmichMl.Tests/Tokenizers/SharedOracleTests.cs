using System.Text.Json;
using ImmichMl.Tokenizers;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Tokenizers;

public sealed class SharedOracleTests
{
    [Test]
    [Arguments("clip")]
    [Arguments("t5")]
    [Arguments("gemma")]
    [Arguments("mbert")]
    [Arguments("xlmr")]
    public async Task All_fifty_texts_get_the_ids_that_Hugging_Face_gives(string family)
    {
        Tokenizer tokenizer = Tokenizer.Parse(File.ReadAllBytes(SharedData.File("tokenizers", family, "tokenizer.json")));
        using JsonDocument oracle = JsonDocument.Parse(await File.ReadAllBytesAsync(SharedData.File("tokenizers", family, "oracle.json")));
        await Assert.That(oracle.RootElement.GetArrayLength()).IsEqualTo(50);
        var wrong = new List<string>();
        foreach (JsonElement entry in oracle.RootElement.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            string expected = string.Join(' ', entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
            string actual = string.Join(' ', tokenizer.Encode(text));
            if (actual != expected)
            {
                wrong.Add($"{JsonEncodedText.Encode(text)}\n  expected {expected}\n  actual   {actual}");
            }
        }

        await Assert.That(string.Join('\n', wrong)).IsEqualTo("");
    }
}
