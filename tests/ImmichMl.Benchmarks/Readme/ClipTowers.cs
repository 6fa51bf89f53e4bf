using ImmichMl.Tests.Support;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>
/// CLIP ViT-B/32 in shapes and arithmetic (88 and 63 million weights, 224 × 224, 77 tokens, 512 numbers), laid out as the cache
/// wants it. Its cost is the real model's; its weights are chance, so its embeddings mean nothing.
/// </summary>
sealed class ClipTowers
{
    const int Side = 224, Patch = 32, VisualWidth = 768, VisualHeads = 12;
    const int Tokens = 77, Vocabulary = 49408, TextualWidth = 512, TextualHeads = 8;
    const int Layers = 12, Embedding = 512;
    const string Name = "embedding";

    readonly OnnxGraph _graph = new("clip");
    readonly Lcg _chance;
    int _names;

    ClipTowers(ulong seed) => _chance = new Lcg(seed);

    /// <param name="folder">Of the model within a cache.</param>
    /// <param name="tokenizer">A folder with tokenizer.json and tokenizer_config.json of CLIP.</param>
    public static void Write(string folder, string tokenizer)
    {
        string visual = Directory.CreateDirectory(Path.Combine(folder, "visual")).FullName;
        string textual = Directory.CreateDirectory(Path.Combine(folder, "textual")).FullName;
        File.WriteAllBytes(Path.Combine(visual, "model.onnx"), new ClipTowers(7).Visual());
        File.WriteAllBytes(Path.Combine(textual, "model.onnx"), new ClipTowers(8).Textual());
        foreach (string file in (string[])["tokenizer.json", "tokenizer_config.json"])
        {
            File.Copy(Path.Combine(tokenizer, file), Path.Combine(textual, file));
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), $$$"""
            {"embed_dim": {{{Embedding}}},
             "vision_cfg": {"image_size": {{{Side}}}, "layers": {{{Layers}}}, "width": {{{VisualWidth}}}, "patch_size": {{{Patch}}}},
             "text_cfg": {"context_length": {{{Tokens}}}, "vocab_size": {{{Vocabulary}}}, "width": {{{TextualWidth}}},
                          "heads": {{{TextualHeads}}}, "layers": {{{Layers}}}}}

            """);
        File.WriteAllText(Path.Combine(visual, "preprocess_cfg.json"), $$"""
            {"size": [{{Side}}, {{Side}}], "mode": "RGB", "mean": [0.48145466, 0.4578275, 0.40821073],
             "std": [0.26862954, 0.26130258, 0.27577711], "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0}

            """);
    }

    byte[] Visual()
    {
        const int Patches = Side / Patch * (Side / Patch);
        _graph.Input("image", OnnxType.Float, 1, 3, Side, Side).Output(Name, OnnxType.Float, 1, Embedding);
        string x = Op("Conv", ["image", Weight(0.02f, VisualWidth, 3, Patch, Patch)], OnnxAttribute.Ints("strides", Patch, Patch));
        x = Op("Transpose", [Op("Reshape", [x, Whole(0, VisualWidth, Patches)])], OnnxAttribute.Ints("perm", 0, 2, 1));
        string batch = Op("Slice", [Op("Shape", [x]), Whole(0), Whole(1)]);
        string shape = Op("Concat", [batch, Whole(1, VisualWidth)], OnnxAttribute.Int("axis", 0));
        string first = Op("Expand", [Weight(1, 1, 1, VisualWidth), shape]);
        x = Op("Add", [Op("Concat", [first, x], OnnxAttribute.Int("axis", 1)), Weight(1, 1, Patches + 1, VisualWidth)]);
        x = Normalized(x, VisualWidth);
        for (int i = 0; i < Layers; i++)
        {
            x = Block(x, VisualWidth, VisualHeads, null);
        }

        x = Op("Gather", [Normalized(x, VisualWidth), Constant(OnnxTensor.Int64s([], [0]))], OnnxAttribute.Int("axis", 1));
        return Unit(Op("MatMul", [x, Weight(VisualWidth, Embedding)]));
    }

    byte[] Textual()
    {
        _graph.Input("text", OnnxType.Int32, 1, Tokens).Output(Name, OnnxType.Float, 1, Embedding);
        string words = Op("Gather", [Weight(1, Vocabulary, TextualWidth), "text"], OnnxAttribute.Int("axis", 0));
        string x = Op("Add", [words, Weight(1, 1, Tokens, TextualWidth)]);
        float[] later = [.. Enumerable.Range(0, Tokens * Tokens).Select(i => i % Tokens > i / Tokens ? -1e4f : 0)];
        string mask = Constant(OnnxTensor.Floats([Tokens, Tokens], later));
        for (int i = 0; i < Layers; i++)
        {
            x = Block(x, TextualWidth, TextualHeads, mask);
        }

        x = Normalized(x, TextualWidth);

        // The highest id ends a text; its first place.
        string end = Op("ArgMax", ["text"], OnnxAttribute.Int("axis", 1), OnnxAttribute.Int("keepdims", 1));
        string places = Constant(OnnxTensor.Int64s([1, Tokens], [.. Enumerable.Range(0, Tokens).Select(i => (long)i)]));
        string there = Op("Cast", [Op("Equal", [end, places])], OnnxAttribute.Int("to", (long)OnnxType.Float));
        x = Op("Squeeze", [Op("MatMul", [Op("Unsqueeze", [there, Whole(1)]), x]), Whole(1)]);
        return Unit(Op("MatMul", [x, Weight(TextualWidth, Embedding)]));
    }

    string Block(string x, int width, int heads, string? mask)
    {
        int depth = width / heads;
        string split = Whole(0, 0, heads, depth), y = Normalized(x, width);
        string Part() => Op("Transpose", [Op("Reshape", [Linear(y, width, width), split])], OnnxAttribute.Ints("perm", 0, 2, 1, 3));
        string query = Part(), key = Part(), value = Part();
        string scaled = Op("Mul", [query, Scalar(1 / MathF.Sqrt(depth))]);
        string scores = Op("MatMul", [scaled, Op("Transpose", [key], OnnxAttribute.Ints("perm", 0, 1, 3, 2))]);
        scores = mask is null ? scores : Op("Add", [scores, mask]);
        string attended = Op("MatMul", [Op("Softmax", [scores], OnnxAttribute.Int("axis", -1)), value]);
        attended = Op("Reshape", [Op("Transpose", [attended], OnnxAttribute.Ints("perm", 0, 2, 1, 3)), Whole(0, 0, width)]);
        x = Op("Add", [x, Linear(attended, width, width)]);
        y = Linear(Normalized(x, width), width, 4 * width);
        y = Op("Mul", [y, Op("Sigmoid", [Op("Mul", [y, Scalar(1.702f)])])]);
        return Op("Add", [x, Linear(y, 4 * width, width)]);
    }

    string Linear(string x, int from, int to) => Op("Add", [Op("MatMul", [x, Weight(from, to)]), Filled(0, to)]);

    string Normalized(string x, int width) => Op(
        "LayerNormalization", [x, Filled(1, width), Filled(0, width)], OnnxAttribute.Int("axis", -1),
        OnnxAttribute.Float("epsilon", 1e-5f));

    byte[] Unit(string x)
    {
        string length = Op("ReduceL2", [x], OnnxAttribute.Ints("axes", -1), OnnxAttribute.Int("keepdims", 1));
        return _graph.Node("Div", [x, length], [Name]).ToModel();
    }

    string Weight(int from, int to) => Weight(1 / MathF.Sqrt(from), from, to);

    /// <param name="deviation">Standard; even numbers reach √3 times as far.</param>
    /// <param name="shape">Of the tensor.</param>
    string Weight(float deviation, params long[] shape)
    {
        const int Steps = 1 << 24;
        float[] values = new float[shape.Aggregate(1L, (product, side) => product * side)];
        float reach = deviation * MathF.Sqrt(3);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reach * ((_chance.Next(Steps) * (2f / Steps)) - 1);
        }

        return Constant(OnnxTensor.Floats(shape, values));
    }

    string Filled(float value, int width) => Constant(OnnxTensor.Floats([width], [.. Enumerable.Repeat(value, width)]));

    string Scalar(float value) => Constant(OnnxTensor.Floats([], [value]));

    string Whole(params long[] values) => Constant(OnnxTensor.Int64s([values.Length], values));

    string Constant(OnnxTensor tensor)
    {
        string name = $"c_{_names++}";
        _graph.Initializer(name, tensor);
        return name;
    }

    string Op(string kind, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = $"x_{_names++}";
        _graph.Node(kind, inputs, [name], attributes);
        return name;
    }
}
