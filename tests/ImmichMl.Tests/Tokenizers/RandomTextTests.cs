namespace ImmichMl.Tests.Tokenizers;

/// <summary>The short form of the benchmarks' tokenizers verb, on the synthetic tokenizers of ids.json.</summary>
public sealed class RandomTextTests
{
    static readonly string[] s_parts =
    [
        " ", "ab", "\u00E9", "e\u0301", "<mask>", "<s>", "</w>", "\u2581", "8", ".", "'s", "\u4E2D", "\uD800", "\uDC00", "\0", "\u0085",
        "\u0130", "\U0001F600",
    ];

    [Test]
    public async Task Whatever_comes_has_ids_and_a_limit_holds()
    {
        using JsonDocument golden = JsonDocument.Parse(await File.ReadAllBytesAsync(Repository.Golden("tokenizers", "ids.json")));
        var lot = new Lcg(5);
        var wrong = new List<string>();
        foreach (JsonProperty entry in golden.RootElement.GetProperty("synthetic").EnumerateObject())
        {
            Tokenizer tokenizer = Tokenizer.Parse(Encoding.UTF8.GetBytes(entry.Value.GetProperty("tokenizer").GetRawText()));
            int specials = tokenizer.Encode("").Length;
            for (int i = 0; i < 300; i++)
            {
                string text = Next(lot);
                int[] all = tokenizer.Encode(text);
                int[] cut = tokenizer.Encode(text, 16);
                bool isCut = cut.Length == Math.Min(all.Length, 16) && (specials > 0 || all.AsSpan(0, cut.Length).SequenceEqual(cut));
                if (!isCut || all.Any(id => id < 0) || all.Length < specials)
                {
                    wrong.Add($"{entry.Name} {Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}");
                }
            }
        }

        await Assert.That(string.Join('\n', wrong)).IsEqualTo("");
    }

    static string Next(Lcg lot)
    {
        var text = new StringBuilder();
        for (int left = lot.Next(24); left > 0; left--)
        {
            text.Append(lot.Next(2) == 0 ? s_parts[lot.Next(s_parts.Length)] : ((char)lot.Next(0x10000)).ToString());
        }

        return text.ToString();
    }
}
