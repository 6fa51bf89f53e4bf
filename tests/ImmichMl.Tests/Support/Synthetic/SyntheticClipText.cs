namespace ImmichMl.Tests.Support.Synthetic;

/// <summary>
/// The demo's text tower: a dozen words, each a wish for colours of the image tower's 32 in some cells of its 4 × 4 grid; a query is the
/// sum of its words. What it does not know says nothing.
/// </summary>
internal static class SyntheticClipText
{
    private const int Channels = 32;
    private const int Cells = 16;
    private const int Greys = 4;
    private const int Tones = 4;
    private const int ContextLength = 77;
    private const string Unknown = "[UNK]";
    private const string Padding = "[PAD]";

    // Hues of the image tower, from red in steps of a seventh of the circle.
    private const int Red = 0, Orange = 1, Green = 2, Turquoise = 3, Blue = 4, Violet = 5, Pink = 6;

    private static readonly (string Word, (int Hue, float Weight)[] Hues, float Dark, bool InTheMiddle)[] _words =
    [
        ("red", [(Red, 1)], 0, false),
        ("orange", [(Orange, 1)], 0, false),
        ("green", [(Green, 1)], 0, false),
        ("blue", [(Blue, 1)], 0, false),
        ("violet", [(Violet, 1)], 0, false),
        ("circle", [], 0, true),
        ("sunset", [(Orange, 0.8f), (Red, 0.5f), (Pink, 0.3f), (Violet, 0.3f)], 0, false),
        ("forest", [(Green, 1), (Turquoise, 0.4f)], 0, false),
        ("sea", [(Blue, 1), (Turquoise, 0.6f)], 0, false),
        ("night", [(Violet, 0.4f), (Blue, 0.2f)], 2, false),
        ("city", [(Violet, 0.2f)], 1, false),
    ];

    public static string Tokenizer
    {
        get
        {
            var words = new[] { Unknown, Padding }.Concat(_words.Select(word => word.Word)).Select((word, id) => $"      \"{word}\": {id}");
            return $$"""
                {
                  "version": "1.0",
                  "truncation": null,
                  "padding": null,
                  "added_tokens": [],
                  "normalizer": { "type": "Lowercase" },
                  "pre_tokenizer": { "type": "Whitespace" },
                  "post_processor": null,
                  "decoder": null,
                  "model": {
                    "type": "WordLevel",
                    "vocab": {
                {{string.Join(",\n", words)}}
                    },
                    "unk_token": "{{Unknown}}"
                  }
                }

                """;
        }
    }

    public static string TokenizerConfig => $$"""
        {
          "pad_token": "{{Padding}}"
        }

        """;

    public static byte[] ToModel(string name)
    {
        var table = new float[(_words.Length + 2) * Channels * Cells];
        for (var i = 0; i < _words.Length; i++)
        {
            Write(_words[i].Hues, _words[i].Dark, _words[i].InTheMiddle, table.AsSpan((i + 2) * Channels * Cells, Channels * Cells));
        }

        return new OnnxGraph(name)
            .Metadata("source", "SyntheticClipText.cs")
            .Input("text", OnnxType.Int32, 1, ContextLength)
            .Output("embedding", OnnxType.Float, 1, Channels * Cells)
            .Initializer("table", OnnxTensor.Floats([_words.Length + 2, Channels * Cells], table))
            .Initializer("words_axis", OnnxTensor.Int64s([1], [1]))
            .Initializer("least", OnnxTensor.Floats([], [1e-6f]))
            .Node("Gather", ["table", "text"], ["words"])
            .Node("ReduceSum", ["words", "words_axis"], ["sum"], OnnxAttribute.Int("keepdims", 0))
            .Node("ReduceL2", ["sum"], ["length"], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 1))
            .Node("Max", ["length", "least"], ["divisor"])
            .Node("Div", ["sum", "divisor"], ["embedding"])
            .ToModel();
    }

    private static void Write((int Hue, float Weight)[] hues, float dark, bool inTheMiddle, Span<float> row)
    {
        for (var channel = 0; channel < Channels; channel++)
        {
            var weight = channel switch
            {
                0 => dark,
                < Greys => -dark / Greys,
                _ => hues.Where(hue => hue.Hue == (channel - Greys) / Tones).Sum(hue => hue.Weight) - (0.1f * hues.Sum(hue => hue.Weight)),
            };
            for (var cell = 0; cell < Cells; cell++)
            {
                // A round thing before a plain ground: colour in the middle, grey around it.
                var isMiddle = cell / 4 is 1 or 2 && cell % 4 is 1 or 2;
                var shape = !inTheMiddle ? 0 : isMiddle == (channel >= Greys) ? 0.2f : -0.2f;
                row[(channel * Cells) + cell] = weight + shape;
            }
        }
    }
}
