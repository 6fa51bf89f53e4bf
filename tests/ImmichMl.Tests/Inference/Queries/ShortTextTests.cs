namespace ImmichMl.Tests.Inference.Queries;

/// <summary>A prepared copy takes texts as long as they are, and answers as the model does that takes them padded.</summary>
public sealed class ShortTextTests
{
    const int Tokens = 32;
    const int Words = 70_000;
    const int Width = 64;

    static readonly RuntimeOptions s_options = new() { PrepareLeaveFree = 0, IntraOpThreads = 2 };
    static readonly ModelKey s_key = new(ModelKind.ClipTextual, "causal__tower");

    [Test]
    public async Task Texts_of_every_length_have_the_embedding_that_they_have_padded()
    {
        using TempFolder cache = Cache(out string source);
        var models = new ModelOptions { CacheFolder = cache.Path };
        var prepared = new PreparedModels(models, s_options);
        var store = new ModelStore(models, new ModelCatalog());
        using ClipTextualEncoder plain = Load(store, new SessionFactory(s_options));
        await Assert.That(prepared.Prepare(s_key, source)).IsEqualTo("prepared");
        await Assert.That(GraphModel.Read(prepared.Find(s_key, source)!.Graph).InputShapes).IsEmpty();
        using ClipTextualEncoder any = Load(store, new SessionFactory(s_options, prepared));

        // From nothing to more than fits, with the two tokens around a text.
        string last = "";
        for (int length = 1; length <= Tokens + 3; length++)
        {
            string text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i * 7 % 26))));
            float[] wanted = Embed(plain, text), got = Embed(any, text);
            await Assert.That(got.Zip(wanted, (a, b) => Math.Abs(a - b)).Max()).IsLessThan(1e-5f).Because($"{length}");
            if (length <= Tokens - 2)
            {
                await Assert.That(string.Join(' ', wanted)).IsNotEqualTo(last);
            }

            last = string.Join(' ', wanted);
        }
    }

    [Test]
    public async Task Where_the_copy_turns_bad_in_use_the_model_answers_short_texts_too()
    {
        using TempFolder cache = Cache(out string source);
        var models = new ModelOptions { CacheFolder = cache.Path };
        var prepared = new PreparedModels(models, s_options);
        var store = new ModelStore(models, new ModelCatalog());
        using ClipTextualEncoder plain = Load(store, new SessionFactory(s_options));
        prepared.Prepare(s_key, source);
        string weights = Path.Combine(prepared.Find(s_key, source)!.Folder, "weights.bin");
        using ClipTextualEncoder any = Load(store, new SessionFactory(s_options, prepared));
        string[] texts = ["a", "some words", "others that are longer"];
        await Assert.That(texts.All(text => AreNear(Embed(any, text), Embed(plain, text)))).IsTrue();
        using (FileStream damaged = new(weights, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            damaged.Write(new byte[damaged.Length]);
        }

        await Assert.That(texts.All(text => AreNear(Embed(any, text), Embed(plain, text)))).IsTrue();
        await Assert.That(Directory.Exists(Path.GetDirectoryName(weights))).IsFalse();
    }

    static bool AreNear(float[] some, float[] others) => some.Zip(others, (a, b) => Math.Abs(a - b)).Max() < 1e-5f;

    static TempFolder Cache(out string source)
    {
        var cache = new TempFolder();
        source = cache.Write(Tower(), "clip", s_key.Name, "textual", "model.onnx");
        cache.Write(Encoding.UTF8.GetBytes(TextModel.Bytes), "clip", s_key.Name, "textual", "tokenizer.json");
        cache.Write("""{"pad_token": "<pad>"}"""u8.ToArray(), "clip", s_key.Name, "textual", "tokenizer_config.json");
        cache.Write("""{"text_cfg": {"context_length": 32}}"""u8.ToArray(), "clip", s_key.Name, "config.json");
        return cache;
    }

    static ClipTextualEncoder Load(ModelStore store, SessionFactory sessions) =>
        ClipTextualEncoder.Load(s_key, store, sessions, new ClipOptions { TextCache = 0 }, _ => { });

    static float[] Embed(ClipTextualEncoder encoder, string text) =>
        encoder.Encode(text, null, new StageClock(TimeProvider.System), CancellationToken.None);

    /// <summary>
    /// Words and places, attention that looks back, and of that the row of the highest id: 18 MB, nearly all of it words.
    /// </summary>
    static byte[] Tower() => new OnnxGraph("text").Input("ids", OnnxType.Int32, 1, Tokens).Output("embedding", OnnxType.Float, 1, Width)
        .Initializer("words", OnnxTensor.Floats(
            [Words, Width], [.. Enumerable.Range(0, Words * Width).Select(i => ((i * 7919L) % 2003 / 1001f) - 1)]))
        .Initializer(
            "places", OnnxTensor.Floats([Tokens, Width], [.. Enumerable.Range(0, Tokens * Width).Select(i => (i * 37 % 101 / 50f) - 1)]))
        .Initializer("mask", OnnxTensor.Floats(
            [Tokens, Tokens], [.. Enumerable.Range(0, Tokens * Tokens).Select(i => i % Tokens > i / Tokens ? -1e4f : 0)]))
        .Initializer("middle", OnnxTensor.Int64s([1], [1]))
        .Node("Gather", ["words", "ids"], ["w"]).Node("Add", ["w", "places"], ["x"])
        .Node("Transpose", ["x"], ["xt"], OnnxAttribute.Ints("perm", 0, 2, 1))
        .Node("MatMul", ["x", "xt"], ["s"]).Node("Add", ["s", "mask"], ["m"]).Node("Softmax", ["m"], ["p"], OnnxAttribute.Int("axis", -1))
        .Node("MatMul", ["p", "x"], ["c"])
        .Node("ArgMax", ["ids"], ["highest"], OnnxAttribute.Int("axis", 1), OnnxAttribute.Int("keepdims", 0))
        .Node("Gather", ["c", "highest"], ["row"], OnnxAttribute.Int("axis", 1)).Node("Squeeze", ["row", "middle"], ["embedding"])
        .ToModel();
}
