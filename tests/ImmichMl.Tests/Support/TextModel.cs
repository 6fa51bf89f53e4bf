namespace ImmichMl.Tests.Support;

/// <summary>
/// A model cache of its own with one CLIP text tower. Its embedding is what it was given: the ids and, where it takes one, the mask
/// behind them. Unless told otherwise the ids are the bytes of the cleaned text, between Start and End and before Pad.
/// </summary>
sealed class TextModel : IDisposable
{
    public const int Pad = 256;

    public const int Start = 257;

    public const int End = 258;

    readonly TempFolder _cache = new();

    public TextModel(string name = "text__tower") => Name = name;

    public string Name { get; }

    public string Folder => _cache.Path;

    /// <summary>config.json's.</summary>
    public string Config { get; init; } = """{"text_cfg": {"context_length": 32}}""";

    public byte[] Tokenizer { get; init; } = Encoding.UTF8.GetBytes(Bytes);

    public string TokenizerConfig { get; init; } = """{"pad_token": "<pad>"}""";

    public OnnxType Type { get; init; } = OnnxType.Int32;

    public OnnxDim Length { get; init; } = "length";

    public bool TakesMask { get; init; }

    /// <summary>Another tower in place of the one that shows its input.</summary>
    public byte[]? Onnx { get; init; }

    /// <summary>BPE with a piece for each byte and no merges.</summary>
    public static string Bytes { get; } = $$"""
        {
          "added_tokens": [],
          "normalizer": null,
          "pre_tokenizer": null,
          "post_processor": {"type": "BertProcessing", "cls": ["<s>", {{Start}}], "sep": ["</s>", {{End}}]},
          "model": {
            "type": "BPE", "byte_fallback": true, "unk_token": null, "merges": [],
            "vocab": {{{string.Join(", ", Enumerable.Range(0, 256).Select(b => $"\"<0x{b:X2}>\": {b}"))}},
              "<pad>": {{Pad}}, "<s>": {{Start}}, "</s>": {{End}}}
          }
        }
        """;

    public async Task<RunningDaemon> ServeAsync(params (string Name, string Value)[] settings)
    {
        _cache.Write(Onnx ?? Showing(), "clip", Name, "textual", "model.onnx");
        _cache.Write(Tokenizer, "clip", Name, "textual", "tokenizer.json");
        _cache.Write(Encoding.UTF8.GetBytes(TokenizerConfig), "clip", Name, "textual", "tokenizer_config.json");
        _cache.Write(Encoding.UTF8.GetBytes(Config), "clip", Name, "config.json");
        return await RunningDaemon.StartAsync(Folder, settings);
    }

    public Task<int[]> IdsAsync(RunningDaemon daemon, string text, string? language = null) => daemon.Client.IdsAsync(Name, text, language);

    /// <summary>The text that reached the tokenizer, read from the ids.</summary>
    public async Task<string> CleanedAsync(RunningDaemon daemon, string text, string? language = null) =>
        Encoding.UTF8.GetString([.. (await IdsAsync(daemon, text, language)).Where(id => id < Pad).Select(id => (byte)id)]);

    byte[] Showing()
    {
        OnnxGraph graph = new OnnxGraph("text").Input(TakesMask ? "input_ids" : "text", Type, 1, Length)
            .Output("embedding", OnnxType.Float, 1, "values");
        if (!TakesMask)
        {
            return graph.Node("Cast", ["text"], ["embedding"], OnnxAttribute.Int("to", (long)OnnxType.Float)).ToModel();
        }

        return graph.Input("attention_mask", Type, 1, Length)
            .Node("Concat", ["input_ids", "attention_mask"], ["both"], OnnxAttribute.Int("axis", 1))
            .Node("Cast", ["both"], ["embedding"], OnnxAttribute.Int("to", (long)OnnxType.Float)).ToModel();
    }

    public void Dispose() => _cache.Dispose();
}

/// <summary>Texts to a daemon.</summary>
static class TextAsking
{
    public static PredictRequest Textual(string model, string text, string? language = null) => new()
    {
        Id = 0,
        Tasks = [new TaskEntry { Task = "clip", Type = "textual", ModelName = model, Options = new TaskOptions { Language = language } }],
        Text = text,
    };

    public static async Task<int[]> IdsAsync(this MlClient client, string model, string text, string? language = null)
    {
        PredictResult result = await client.PredictAsync(Textual(model, text, language)).Within();
        return [.. result.Clip!.Select(value => (int)value)];
    }

    public static async Task<MlErrorException> TextRefusalAsync(this MlClient client, string model, string text) =>
        await Assert.That(() => (Task)client.PredictAsync(Textual(model, text)).Within()).Throws<MlErrorException>()
            ?? throw new InvalidOperationException("It was answered.");
}
