namespace ImmichMl.Tests.Inference.Queries;

/// <summary>Ids of the oracle, cut and padded here by the rule: the text's end goes, special tokens stay, padding on the right.</summary>
public sealed class ContextLengthTests
{
    [Test]
    [Arguments("clip", 77, 1, 1, 49407)]
    [Arguments("clip", 16, 1, 1, 49407)]
    [Arguments("t5", 77, 0, 1, 0)]
    [Arguments("t5", 16, 0, 1, 0)]
    [Arguments("gemma", 77, 1, 0, 0)]
    [Arguments("gemma", 16, 1, 0, 0)]
    [Arguments("mbert", 77, 1, 1, 0)]
    [Arguments("mbert", 16, 1, 1, 0)]
    [Arguments("xlmr", 77, 1, 1, 1)]
    [Arguments("xlmr", 16, 1, 1, 1)]
    public async Task A_long_text_is_cut_and_a_short_one_padded(string family, int length, int specialsBefore, int specialsAfter, int pad)
    {
        using var model = new TextModel
        {
            Config = $$$"""{"text_cfg": {"context_length": {{{length}}}}}""",
            Tokenizer = await File.ReadAllBytesAsync(SharedData.File("tokenizers", family, "tokenizer.json")),
            TokenizerConfig = await File.ReadAllTextAsync(SharedData.File("tokenizers", family, "tokenizer_config.json")),
        };
        await using RunningDaemon daemon = await model.ServeAsync();
        using JsonDocument oracle = JsonDocument.Parse(await File.ReadAllBytesAsync(SharedData.File("tokenizers", family, "oracle.json")));
        Tokenizer uncut = Tokenizer.Parse(model.Tokenizer);
        var cases = new List<(string Text, int[] Ids)>();
        foreach (JsonElement entry in oracle.RootElement.EnumerateArray())
        {
            // Others the encoder cleans first, and the oracle did not.
            string text = entry.GetProperty("text").GetString()!;
            if (text.Length > 0 && !text.Any(char.IsControl)
                && text == string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
            {
                cases.Add((text, [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]));
            }
        }

        string all = string.Join(' ', cases.Select(entry => entry.Text));
        cases.Add((all, uncut.Encode(all)));
        var wrong = new List<string>();
        foreach ((string text, int[] ids) in cases)
        {
            int kept = Math.Min(ids.Length, length);
            int[] expected =
            [
                .. ids[..specialsBefore], .. ids[specialsBefore..(kept - specialsAfter)], .. ids[^specialsAfter..],
                .. Enumerable.Repeat(pad, length - kept),
            ];
            string actual = string.Join(' ', await model.IdsAsync(daemon, text));
            if (actual != string.Join(' ', expected))
            {
                wrong.Add($"{text}\n  expected {string.Join(' ', expected)}\n  actual   {actual}");
            }
        }

        await Assert.That(string.Join('\n', wrong)).IsEqualTo("");
        await Assert.That(cases.Count).IsGreaterThan(40);
        await Assert.That(cases.Count(entry => entry.Ids.Length > length)).IsGreaterThan(0);
    }

    [Test]
    public async Task The_probe_answers_a_photo_of_a_cat_with_its_77_ids()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(SharedData.File("models", "cache"));
        int[] ids = await daemon.Client.IdsAsync("RN50__openai", "a photo of a cat");
        await Assert.That(string.Join(' ', ids[..77]))
            .IsEqualTo("49406 320 1125 539 320 2368" + string.Concat(Enumerable.Repeat(" 49407", 71)));

        // The probe fills its embedding up to 512 numbers with zeros.
        await Assert.That(ids[77..].Count(value => value == 0)).IsEqualTo(512 - 77);
    }

    [Test]
    [Arguments(false, false)]
    [Arguments(true, false)]
    [Arguments(false, true)]
    [Arguments(true, true)]
    public async Task Ids_of_either_width_and_a_mask_come_in_the_right_input(bool isWide, bool takesMask)
    {
        using var model = new TextModel { Type = isWide ? OnnxType.Int64 : OnnxType.Int32, TakesMask = takesMask, Length = 6 };
        await using RunningDaemon daemon = await model.ServeAsync();
        await Assert.That(string.Join(' ', await model.IdsAsync(daemon, "ab")))
            .IsEqualTo("257 97 98 258 256 256" + (takesMask ? " 1 1 1 1 0 0" : ""));
        await Assert.That(string.Join(' ', await model.IdsAsync(daemon, "abcdefgh")))
            .IsEqualTo("257 97 98 99 100 258" + (takesMask ? " 1 1 1 1 1 1" : ""));
    }
}
