namespace ImmichMl.Tests.Tokenizers;

/// <summary>Expressions that are run by hand find what the engine finds.</summary>
public sealed class KnownExpressionTests
{
    static readonly string[] s_parts =
    [
        "a", "B", " ", "  ", "\t", "\u0085", "\u00A0", "\u3000", "1", "\u0664", "\u00BD", "'", "'s", "'S", "'re", "'r", "'ll",
        "<|startoftext|>", "<|endoftext|>", "<|", "|>",
        "!", "\u00E9", "e\u0301", "\u4E2D", "\u200B", "\u180E", "\uFEFF", "\U0001F600", "\U00010400", "\U0001D7CE", "\U000E0001",
    ];

    [Test]
    [Arguments(KnownExpressions.WhiteSpace)]
    [Arguments(KnownExpressions.ClipWords)]
    public async Task Every_code_point_is_taken_as_the_engine_takes_it(string expression)
    {
        const int together = 512;
        var wrong = new List<string>();
        for (int first = 0; first < 0x110000; first += together)
        {
            var text = new StringBuilder();
            for (int point = first; point < first + together; point++)
            {
                if (Rune.IsValid(point))
                {
                    // Between a letter and a space, and beside one of its kind.
                    text.Append('a').Append(new Rune(point)).Append(new Rune(point)).Append(' ');
                }
            }

            if (!Agree(expression, text.ToString()))
            {
                wrong.Add($"U+{first:X}");
            }
        }

        await Assert.That(string.Join(' ', wrong)).IsEqualTo("");
    }

    [Test]
    [Arguments(KnownExpressions.WhiteSpace)]
    [Arguments(KnownExpressions.ClipWords)]
    public async Task Parts_in_any_order_are_cut_as_the_engine_cuts_them(string expression)
    {
        var lot = new Lcg(9);
        for (int i = 0; i < 3000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, lot.Next(12)).Select(_ => s_parts[lot.Next(s_parts.Length)]));
            if (!Agree(expression, text))
            {
                Assert.Fail(Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text)));
            }
        }

        await Assert.That(Agree(expression, "")).IsTrue();
    }

    static bool Agree(string expression, string text) =>
        TextPattern.Expression(expression).Matches(text).SequenceEqual(TextPattern.Interpreted(expression).Matches(text));
}
