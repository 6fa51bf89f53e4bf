namespace ImmichMl.Tests.Inference.Queries;

/// <summary>What of a query reaches the tokenizer. The expectations follow Python's rules for split, translate and lower.</summary>
public sealed class QueryCleaningTests
{
    const string Canonical = """{"text_cfg": {"context_length": 32, "tokenizer_kwargs": {"clean": "canonicalize"}}}""";

    [Test]
    [Arguments("a", "a")]
    [Arguments("  a \t\r\n b  ", "a b")]
    [Arguments("a\u001Cb\u001Dc\u001Ed\u001Fe", "a b c d e")]
    [Arguments("\u001Ca\u001F", "a")]
    [Arguments("a\u0085b\u00A0c\u2003d\u2028e\u3000f\u1680g", "a b c d e f g")]
    [Arguments("a\u200Bb\uFEFFc\u180Ed", "a\u200Bb\uFEFFc\u180Ed")]
    [Arguments("a\u0000b\u001Bc", "a\u0000b\u001Bc")]
    [Arguments(" \u00A0\u001C ", "")]
    [Arguments("Ab, C!", "Ab, C!")]
    public async Task White_space_collapses_as_in_Python(string text, string cleaned)
    {
        using var model = new TextModel();
        await using RunningDaemon daemon = await model.ServeAsync();
        await Assert.That(await model.CleanedAsync(daemon, text)).IsEqualTo(cleaned);
    }

    [Test]
    [Arguments("A Photo, of a CAT!", "a photo of a cat")]
    [Arguments("a - b", "a  b")]
    [Arguments("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~x", "x")]
    [Arguments("\u00AB\u00E9\u00BB \u2014 \u201Cx\u201D", "\u00AB\u00E9\u00BB \u2014 \u201Cx\u201D")]
    [Arguments("\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C2")]
    [Arguments("\u039F\u03A3 \u03A3\u039F\u03A3\u0391", "\u03BF\u03C2 \u03C3\u03BF\u03C3\u03B1")]
    [Arguments("\u03A3", "\u03C3")]
    [Arguments("\u0391\u03A3\u0301", "\u03B1\u03C2\u0301")]
    [Arguments("\u0130stanbul", "i\u0307stanbul")]
    [Arguments("STRASSE \u1E9E", "strasse \u00DF")]
    [Arguments("\uD801\uDC00", "\uD801\uDC28")]
    public async Task Canonicalized_it_loses_punctuation_and_case_as_in_Python(string text, string cleaned)
    {
        using var model = new TextModel { Config = Canonical };
        await using RunningDaemon daemon = await model.ServeAsync();
        await Assert.That(await model.CleanedAsync(daemon, text)).IsEqualTo(cleaned);
    }

    [Test]
    [Arguments("nllb-clip-base-siglip__v1", "de", "deu_Latnhallo welt", false)]
    [Arguments("nllb-clip-base-siglip__v1", "de-AT", "deu_Latnhallo welt", false)]
    [Arguments("nllb-clip-base-siglip__v1", "tlh", "eng_Latnhallo welt", true)]
    [Arguments("nllb-clip-base-siglip__v1", null, "hallo welt", false)]
    [Arguments("nllb-clip-base-siglip__v1", "", "hallo welt", false)]
    [Arguments("text__tower", "de", "hallo welt", false)]
    public async Task Only_nllb_puts_the_languages_code_in_front(string name, string? language, string cleaned, bool warns)
    {
        using var model = new TextModel(name);
        await using RunningDaemon daemon = await model.ServeAsync();
        await Assert.That(await model.CleanedAsync(daemon, " hallo  welt", language)).IsEqualTo(cleaned);
        await Assert.That(daemon.Log.Lines.Count(
            line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("tlh", StringComparison.Ordinal)))
            .IsEqualTo(warns ? 1 : 0);
    }
}
