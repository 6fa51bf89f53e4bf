using ImmichMl.Tests.Support.Synthetic;

namespace ImmichMl.Tests.Support;

/// <summary>
/// The demo's models, made by formula. The CLIP image model: how much of 32 colours a picture holds, as a whole and in each cell of a 4×4
/// grid.
/// It knows nothing of things, only of colour and layout, and needs no third party's weights.
/// </summary>
internal static class DemoModels
{
    public const string Name = "synthetic__demo";

    private const int Size = 64;
    private const int Greys = 4;
    private const int Hues = 7;
    private const int Channels = 32;

    // How sharply a pixel belongs to its nearest colour; at 1.5 neighbouring colours still overlap, so that a change of shade is small.
    private const double Sharpness = 1.5;

    // The whole picture counts three times a cell: a thing that moves stays similar.
    private const float WholeWeight = 3;

    // What every colour answers to an average picture; without it unrelated pictures would come out at 0.5 and more.
    private const float Neutral = 0.1f * (1 + WholeWeight);

    // Backgrounds are often grey; the subject's colour should decide.
    private const float GreyWeight = 0.25f;

    // OpenAI's CLIP, on RGB from 0 to 1.
    private static readonly double[] _mean = [0.48145466, 0.4578275, 0.40821073];
    private static readonly double[] _std = [0.26862954, 0.26130258, 0.27577711];

    private static readonly (double Saturation, double Value)[] _tones = [(1, 1), (1, 0.5), (0.5, 1), (0.55, 0.75)];

    /// <summary>Every file of the demo cache, by its path under models/demo.</summary>
    public static IReadOnlyDictionary<string, byte[]> Files { get; } = new Dictionary<string, byte[]>
    {
        [$"clip/{Name}/config.json"] = Encoding.UTF8.GetBytes(Config),
        [$"clip/{Name}/visual/model.onnx"] = ClipVisual(),
        [$"clip/{Name}/visual/preprocess_cfg.json"] = Encoding.UTF8.GetBytes(Preprocess),
        [$"clip/{Name}/textual/model.onnx"] = SyntheticClipText.ToModel(Name),
        [$"clip/{Name}/textual/tokenizer.json"] = Encoding.UTF8.GetBytes(SyntheticClipText.Tokenizer),
        [$"clip/{Name}/textual/tokenizer_config.json"] = Encoding.UTF8.GetBytes(SyntheticClipText.TokenizerConfig),
        [$"facial-recognition/{Name}/detection/model.onnx"] = new SyntheticScrfd().ToModel(),
        [$"facial-recognition/{Name}/recognition/model.onnx"] = new SyntheticArcFace().ToModel(),
        // What stands before "__" is the language, and detectors have none.
        ["ocr/demo/detection/model.onnx"] = SyntheticOcr.Detector(),
        [$"ocr/{Name}/recognition/model.onnx"] = SyntheticOcr.Recognizer(),
    };

    private static string Config => $$"""
        {
          "embed_dim": {{Channels * 16}},
          "vision_cfg": { "image_size": {{Size}} },
          "text_cfg": { "context_length": 77 }
        }

        """;

    private static string Preprocess => $$"""
        {
          "size": [{{Size}}, {{Size}}],
          "mode": "RGB",
          "mean": [{{string.Join(", ", _mean)}}],
          "std": [{{string.Join(", ", _std)}}],
          "interpolation": "bicubic",
          "resize_mode": "shortest",
          "fill_color": 0
        }

        """;

    private static byte[] ClipVisual()
    {
        var weights = new float[Channels * 3];
        var biases = new float[Channels];
        var importance = new float[Channels];
        for (var channel = 0; channel < Channels; channel++)
        {
            // Softmax of −s·|pixel − colour|² needs only the terms that differ between colours: 2s·pixel·colour − s·|colour|².
            for (var i = 0; i < 3; i++)
            {
                var level = (Colour(channel, i) - _mean[i]) / _std[i];
                weights[(channel * 3) + i] = (float)(2 * Sharpness * level);
                biases[channel] -= (float)(Sharpness * level * level);
            }

            importance[channel] = channel < Greys ? GreyWeight : 1;
        }

        return new OnnxGraph(Name)
            .Metadata("source", "DemoModels.cs")
            .Input("image", OnnxType.Float, 1, 3, Size, Size)
            .Output("embedding", OnnxType.Float, 1, Channels * 16)
            .Initializer("weights", OnnxTensor.Floats([Channels, 3, 1, 1], weights))
            .Initializer("biases", OnnxTensor.Floats([Channels], biases))
            .Initializer("whole_weight", OnnxTensor.Floats([], [WholeWeight]))
            .Initializer("neutral", OnnxTensor.Floats([], [Neutral]))
            .Initializer("importance", OnnxTensor.Floats([1, Channels, 1, 1], importance))
            .Node("Conv", ["image", "weights", "biases"], ["nearness"])
            .Node("Softmax", ["nearness"], ["colours"], OnnxAttribute.Int("axis", 1))
            .Node("AveragePool", ["colours"], ["cells"], OnnxAttribute.Ints("kernel_shape", 16, 16), OnnxAttribute.Ints("strides", 16, 16))
            .Node("GlobalAveragePool", ["colours"], ["whole"])
            .Node("Sqrt", ["cells"], ["cells_root"])
            .Node("Sqrt", ["whole"], ["whole_root"])
            .Node("Mul", ["whole_root", "whole_weight"], ["whole_weighted"])
            .Node("Add", ["cells_root", "whole_weighted"], ["both"])
            .Node("Sub", ["both", "neutral"], ["centred"])
            .Node("Mul", ["centred", "importance"], ["features"])
            .Node("Flatten", ["features"], ["flat"], OnnxAttribute.Int("axis", 1))
            .Node("ReduceL2", ["flat"], ["length"], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 1))
            .Node("Div", ["flat", "length"], ["embedding"])
            .ToModel();
    }

    /// <summary>Component 0 red, 1 green, 2 blue of a channel's colour: greys from black to white, then each hue in its tones.</summary>
    private static double Colour(int channel, int component)
    {
        if (channel < Greys)
        {
            return channel / (double)(Greys - 1);
        }

        // HSV to RGB without a case per sextant. Plain arithmetic only: the bytes must be the same on every machine.
        var (saturation, value) = _tones[(channel - Greys) % _tones.Length];
        var hue = 6.0 * ((channel - Greys) / _tones.Length) / Hues;
        var k = (5 - (2 * component) + hue) % 6;
        return value - (value * saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1));
    }
}
