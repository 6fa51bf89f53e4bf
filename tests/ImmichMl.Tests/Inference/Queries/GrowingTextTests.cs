namespace ImmichMl.Tests.Inference.Queries;

/// <summary>A tokenizer.json whose steps multiply a text.</summary>
public sealed record GrowingText(string What, string Json)
{
    public override string ToString() => What;
}

public sealed class GrowingTextTests
{
    static readonly string s_long = new('a', 1 << 20);

    static string Steps(int count, string step) => string.Join(',', Enumerable.Repeat(step, count));

    static string Normalizers(int count, string step) => $$"""{"type": "Sequence", "normalizers": [{{Steps(count, step)}}]}""";

    static string PreTokenizers(int count, string step) => $$"""{"type": "Sequence", "pretokenizers": [{{Steps(count, step)}}]}""";

    static string Changed(string part, string to)
    {
        string old = part == "post_processor" ? TextModel.Bytes.Split("\"post_processor\": ")[1].Split(",\n")[0].Split(",\r\n")[0] : "null";
        return TextModel.Bytes.Replace($"\"{part}\": {old}", $"\"{part}\": {to}", StringComparison.Ordinal);
    }

    public static IEnumerable<GrowingText> Growing() =>
    [
        new("a replacement by six, fifty times", Changed(
            "normalizer", Normalizers(50, """{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaa"}"""))),
        new("the same by an expression", Changed(
            "normalizer", Normalizers(50, """{"type": "Replace", "pattern": {"Regex": "a"}, "content": "aaaaaa"}"""))),
        new("a replacement by a megabyte",
            Changed("normalizer", """{"type": "Replace", "pattern": {"String": "a"}, "content": "@"}""".Replace(
                "@", s_long, StringComparison.Ordinal))),
        new("a prefix of a megabyte", Changed(
            "normalizer", """{"type": "Prepend", "prepend": "@"}""".Replace("@", s_long, StringComparison.Ordinal))),
        new("bytes of bytes of bytes", Changed(
            "pre_tokenizer", PreTokenizers(60, """{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"""))),
    ];

    [Test]
    [MethodDataSource(nameof(Growing))]
    public async Task A_text_that_would_grow_beyond_measure_is_told_and_the_next_one_is_answered(GrowingText growing)
    {
        using var model = new TextModel { Tokenizer = Encoding.UTF8.GetBytes(growing.Json) };
        await using RunningDaemon daemon = await model.ServeAsync();
        MlErrorException refusal = await daemon.Client.TextRefusalAsync(model.Name, "a\u0444\u0444 banana");
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable").Because(refusal.Message);
        await Assert.That(refusal.Message).Contains(model.Name);
        await Assert.That(refusal.Message).Contains("tokenizer.json makes more than");
        await daemon.Client.PingAsync().Within();
    }

    [Test]
    public async Task What_is_enough_ends_a_growth_that_goes_word_by_word()
    {
        string json = Changed("pre_tokenizer", PreTokenizers(60, """{"type": "ByteLevel"}"""));
        await Assert.That(Tokenizer.Parse(Encoding.UTF8.GetBytes(json)).Encode("a\u0444\u0444 banana", 32).Length).IsEqualTo(32);
    }

    [Test]
    public async Task Steps_that_do_not_multiply_may_be_many()
    {
        string json = Changed("normalizer", Normalizers(50, """{"type": "Replace", "pattern": {"String": "a"}, "content": "a"}"""));
        int[] ids = Tokenizer.Parse(Encoding.UTF8.GetBytes(json)).Encode("banana");
        await Assert.That(ids.SequenceEqual(Tokenizer.Parse(Encoding.UTF8.GetBytes(TextModel.Bytes)).Encode("banana"))).IsTrue();
    }

    [Test]
    public async Task Fifty_times_the_text_is_no_trouble()
    {
        string json = Changed("normalizer", $$"""{"type": "Replace", "pattern": {"String": "a"}, "content": "{{new string('b', 50)}}"}""");
        int[] ids = Tokenizer.Parse(Encoding.UTF8.GetBytes(json)).Encode(new string('a', 1000));
        await Assert.That(ids.Length).IsEqualTo(50_002);
    }

    [Test]
    [Arguments("normalizer", 300, "normalizer has more than 256 steps")]
    [Arguments("pre_tokenizer", 300, "pre_tokenizer has more than 256 steps")]
    [Arguments("pre_tokenizer", 200_000, "pre_tokenizer has more than 256 steps")]
    public async Task A_tokenizer_of_endless_steps_is_refused(string part, int count, string message)
    {
        string json = Changed(
            part, part == "normalizer"
                ? Normalizers(count, """{"type": "Lowercase"}""")
                : PreTokenizers(count, """{"type": "Whitespace"}"""));
        await Assert.That(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json))).Throws<InvalidDataException>()
            .WithMessageContaining(message);
    }

    [Test]
    public async Task Templates_that_double_one_another_are_refused()
    {
        const string Twice =
            """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}], "special_tokens": {}}""";
        string json = Changed("post_processor", $$"""{"type": "Sequence", "processors": [{{Steps(40, Twice)}}]}""");
        await Assert.That(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json))).Throws<InvalidDataException>()
            .WithMessageContaining("more than 8192 ids");
        string few = Changed("post_processor", $$"""{"type": "Sequence", "processors": [{{Steps(2, Twice)}}]}""");
        await Assert.That(Tokenizer.Parse(Encoding.UTF8.GetBytes(few)).Encode("ab").Length).IsEqualTo(8);
    }

    [Test]
    public async Task A_replacement_character_that_is_a_word_is_refused()
    {
        string json = Changed("pre_tokenizer", """{"type": "Metaspace", "replacement": "a long word"}""");
        await Assert.That(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json))).Throws<InvalidDataException>()
            .WithMessageContaining("replacement");
    }

    [Test]
    public async Task Who_has_given_up_is_not_calculated_for()
    {
        string json = Changed("normalizer", """{"type": "Replace", "pattern": {"String": "a"}, "content": "b"}""");
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Assert.That(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json)).Encode("banana", 77, given.Token))
            .Throws<OperationCanceledException>();
    }
}
