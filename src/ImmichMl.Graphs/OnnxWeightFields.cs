using System.Globalization;

namespace ImmichMl.Graphs;

/// <summary>Part of a file of weights; packed ones are in the form of one kernel.</summary>
public readonly record struct ExternalRegion(long Offset, long Length, bool IsPacked = false);

/// <summary>
/// Finds, and moves, what a graph says of weights in a file beside it. Source: onnx.proto's field numbers; a tensor's external data is
/// a list of keys and values: offset, length, and for each layout that a kernel has packed for itself
/// prepacked_N = "key|offset;length;checksum|…" (the form is ONNX Runtime's own, looked up in files that 1.31.1 wrote).
/// </summary>
public static class OnnxWeightFields
{
    const int ExternalData = 13;

    enum Part
    {
        Model,
        Graph,
        Node,
        Attribute,
        Tensor,
        Other,
    }

    static Part Inside(Part part, int field) => (part, field) switch
    {
        (Part.Model, 7) => Part.Graph,
        (Part.Graph, 1) => Part.Node,
        (Part.Graph, 5) => Part.Tensor,
        (Part.Node, 5) => Part.Attribute,
        (Part.Attribute, 6 or 11) => Part.Graph,
        _ => Part.Other,
    };

    /// <summary>The model's bytes with every region's offset as <paramref name="move"/> says.</summary>
    /// <exception cref="InvalidDataException">These are no bytes of a model.</exception>
    public static byte[] Rewrite(ReadOnlySpan<byte> model, Func<ExternalRegion, long> move) => Rewrite(model, Part.Model, move).ToArray();

    static ProtobufWriter Rewrite(ReadOnlySpan<byte> message, Part part, Func<ExternalRegion, long> move)
    {
        var written = new ProtobufWriter();
        long length = part == Part.Tensor ? LengthOf(message) : 0;
        foreach (ProtobufField field in new ProtobufFields(message))
        {
            if (part == Part.Tensor && field.Number == ExternalData)
            {
                (string key, string value) = field.Entry;
                written.Entry(field.Number, key, Moved(key, value, length, move));
            }
            else if (Inside(part, field.Number) is var inside and not Part.Other)
            {
                written.Message(field.Number, Rewrite(field.Content, inside, move));
            }
            else
            {
                written.Raw(field.Raw);
            }
        }

        return written;
    }

    static long LengthOf(ReadOnlySpan<byte> tensor)
    {
        foreach (ProtobufField field in new ProtobufFields(tensor))
        {
            if (field.Number == ExternalData && field.Entry is ("length", var length))
            {
                return Number(length);
            }
        }

        return 0;
    }

    static string Moved(string key, string value, long length, Func<ExternalRegion, long> move)
    {
        if (key == "offset")
        {
            return Text(move(new ExternalRegion(Number(value), length)));
        }

        return key.StartsWith("prepacked", StringComparison.Ordinal)
            ? string.Join('|', value.Split('|').Select((part, i) => i == 0 ? part : MovedRegion(part.Split(';'), move)))
            : value;
    }

    static string MovedRegion(string[] region, Func<ExternalRegion, long> move) => region is [var offset, var length, ..]
        ? string.Join(';', (string[])[Text(move(new ExternalRegion(Number(offset), Number(length), IsPacked: true))), .. region[1..]])
        : throw new InvalidDataException("A packed weight has no offset and length.");

    static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        ? number : throw new InvalidDataException("A weight's offset is no number.");

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
