namespace ImmichMl.Tests.Support.Synthetic;

/// <summary>
/// A face recognizer in ArcFace's shape, made by formula: which of twelve colours a face has where, on a grid of 7 × 7. Faces of
/// DemoFaces that look alike come out alike.
/// </summary>
internal sealed record SyntheticArcFace
{
    private const int Side = 112;
    private const int Cell = 16;
    private const double Sharpness = 4;

    // Skin is what all have; hair, eyes and mouth tell them apart.
    private const float SkinWeight = 0.25f;
    private const float Neutral = 0.15f;

    // Skin's tones first.
    private const int Skins = 3;
    private static readonly int[] _palette =
        [0xE6AA82, 0xBE825A, 0x965A32, 0x101010, 0x808080, 0xF0F0F0, 0xC02020, 0x20A020, 0x2040C0, 0xE0C030, 0x60209A, 0x5A3010];

    public static int Length => _palette.Length * (Side / Cell) * (Side / Cell);

    public OnnxDim Batch { get; init; } = "n";

    public bool Half { get; init; }

    /// <summary>(v − 127.5) / 127.5 is done by the first nodes, so that the input is the bytes.</summary>
    public bool NormalizesInside { get; init; }

    /// <summary>The names of the two nodes that do so.</summary>
    public (string Subtraction, string Multiplication) Names { get; init; } = ("Sub_0", "Mul_1");

    /// <summary>The shape that the last node makes of the embeddings; [-1, Length] keeps one row a face.</summary>
    public long[] Rows { get; init; } = [-1, Length];

    /// <summary>How many of the rows come out.</summary>
    public int MostRows { get; init; } = int.MaxValue;

    public byte[] ToModel()
    {
        var colours = _palette.Length;
        var weights = new float[colours * 3];
        var biases = new float[colours];
        for (var i = 0; i < colours * 3; i++)
        {
            // Softmax of −s·|pixel − colour|² needs only the terms that differ between colours.
            var level = (((_palette[i / 3] >> (16 - (8 * (i % 3)))) & 0xFF) - 127.5) / 127.5;
            weights[i] = (float)(2 * Sharpness * level);
            biases[i / 3] -= (float)(Sharpness * level * level);
        }

        OnnxType type = Half ? OnnxType.Float16 : OnnxType.Float;
        var graph = new OnnxGraph("synthetic_arcface").Metadata("source", "SyntheticArcFace.cs").Input("faces", type, Batch, 3, Side, Side)
            .Output("embeddings", type)
            .Initializer("weights", OnnxTensor.Floats([colours, 3, 1, 1], weights))
            .Initializer("biases", OnnxTensor.Floats([colours], biases))
            .Initializer("neutral", OnnxTensor.Floats([], [Neutral]))
            .Initializer("importance", OnnxTensor.Floats([1, colours, 1, 1],
                [.. Enumerable.Range(0, colours).Select(i => i < Skins ? SkinWeight : 1)]))
            .Initializer("shape", OnnxTensor.Int64s([Rows.Length], Rows))
            .Initializer("first", OnnxTensor.Int64s([1], [0]))
            .Initializer("most", OnnxTensor.Int64s([1], [MostRows]));
        var input = "faces";
        if (NormalizesInside)
        {
            graph.Initializer("middle", OnnxTensor.Floats([], [127.5f])).Initializer("scale", OnnxTensor.Floats([], [1 / 127.5f]))
                .NamedNode(Names.Subtraction, "Sub", ["faces", "middle"], ["centred_bytes"])
                .NamedNode(Names.Multiplication, "Mul", ["centred_bytes", "scale"], ["normalized"]);
            input = "normalized";
        }

        return graph
            .Node("Cast", [input], ["pixels"], OnnxAttribute.Int("to", (long)OnnxType.Float))
            .Node("Conv", ["pixels", "weights", "biases"], ["nearness"])
            .Node("Softmax", ["nearness"], ["colours"], OnnxAttribute.Int("axis", 1))
            .Node("AveragePool", ["colours"], ["cells"], OnnxAttribute.Ints("kernel_shape", Cell, Cell),
                OnnxAttribute.Ints("strides", Cell, Cell))
            .Node("Sqrt", ["cells"], ["roots"])
            .Node("Sub", ["roots", "neutral"], ["centred"])
            .NamedNode("weigh", "Mul", ["centred", "importance"], ["features"])
            .Node("Reshape", ["features", "shape"], ["rows"])
            .Node("Slice", ["rows", "first", "most", "first"], ["kept"])
            .Node("Cast", ["kept"], ["embeddings"], OnnxAttribute.Int("to", (long)type))
            .ToModel();
    }
}
