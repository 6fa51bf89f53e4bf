using System.Buffers;
using System.Globalization;
using System.Text;

namespace ImmichMl.Inference.Sessions;

/// <summary>Part of a file of weights.</summary>
readonly record struct ExternalRegion(long Offset, long Length);

/// <summary>
/// Finds, and moves, what a graph says of weights in a file beside it. Source: onnx.proto's field numbers; a tensor's external data is
/// a list of keys and values: offset, length, and for each layout that a kernel has packed for itself
/// prepacked_N = "key|offset;length;checksum|…" (the form is ONNX Runtime's own, looked up in files that 1.31.1 wrote).
/// </summary>
static class OnnxWeightFields
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
    public static byte[] Rewrite(ReadOnlySpan<byte> model, Func<ExternalRegion, long> move) => Rewrite(model, Part.Model, move);

    static byte[] Rewrite(ReadOnlySpan<byte> message, Part part, Func<ExternalRegion, long> move)
    {
        var written = new ArrayBufferWriter<byte>(message.Length + 64);
        long length = part == Part.Tensor ? LengthOf(message) : 0;
        for (int at = 0; at < message.Length;)
        {
            int start = at;
            int field = Field(message, ref at, out ReadOnlySpan<byte> value);
            if (part == Part.Tensor && field == ExternalData)
            {
                WriteField(written, field, Moved(value, length, move));
            }
            else if (Inside(part, field) is var inside and not Part.Other)
            {
                WriteField(written, field, Rewrite(value, inside, move));
            }
            else
            {
                written.Write(message[start..at]);
            }
        }

        return written.WrittenSpan.ToArray();
    }

    static long LengthOf(ReadOnlySpan<byte> tensor)
    {
        for (int at = 0; at < tensor.Length;)
        {
            if (Field(tensor, ref at, out ReadOnlySpan<byte> entry) == ExternalData && Entry(entry) is ("length", var length))
            {
                return Number(length);
            }
        }

        return 0;
    }

    static byte[] Moved(ReadOnlySpan<byte> entry, long length, Func<ExternalRegion, long> move)
    {
        (string key, string value) = Entry(entry);
        if (key == "offset")
        {
            value = Text(move(new ExternalRegion(Number(value), length)));
        }
        else if (key.StartsWith("prepacked", StringComparison.Ordinal))
        {
            string[] parts = value.Split('|');
            value = string.Join('|', parts.Select((part, i) => i == 0 ? part : MovedRegion(part.Split(';'), move)));
        }

        var written = new ArrayBufferWriter<byte>();
        WriteField(written, 1, Encoding.UTF8.GetBytes(key));
        WriteField(written, 2, Encoding.UTF8.GetBytes(value));
        return written.WrittenSpan.ToArray();
    }

    static string MovedRegion(string[] region, Func<ExternalRegion, long> move) => region is [var offset, var length, ..]
        ? string.Join(';', (string[])[Text(move(new ExternalRegion(Number(offset), Number(length)))), .. region[1..]])
        : throw new InvalidDataException("A packed weight has no offset and length.");

    static (string Key, string Value) Entry(ReadOnlySpan<byte> entry)
    {
        (string key, string value) = ("", "");
        for (int at = 0; at < entry.Length;)
        {
            int field = Field(entry, ref at, out ReadOnlySpan<byte> text);
            (key, value) = field switch
            {
                1 => (Encoding.UTF8.GetString(text), value),
                2 => (key, Encoding.UTF8.GetString(text)),
                _ => (key, value),
            };
        }

        return (key, value);
    }

    static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        ? number : throw new InvalidDataException("A weight's place is no number.");

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Steps over one field; a field without a length has no content.</summary>
    static int Field(ReadOnlySpan<byte> message, ref int at, out ReadOnlySpan<byte> content)
    {
        ulong tag = Varint(message, ref at);
        bool hasContent = (tag & 7) == 2;
        ulong length = (tag & 7) switch
        {
            0 => Varint(message, ref at) & 0,
            1 => 8,
            2 => Varint(message, ref at),
            5 => 4,
            _ => throw new InvalidDataException("The graph is not as ONNX writes it."),
        };
        if (length > (ulong)(message.Length - at))
        {
            throw new InvalidDataException("The graph ends within a field.");
        }

        content = hasContent ? message.Slice(at, (int)length) : default;
        at += (int)length;
        return (int)(tag >> 3);
    }

    static void WriteField(ArrayBufferWriter<byte> written, int field, ReadOnlySpan<byte> content)
    {
        WriteVarint(written, ((ulong)field << 3) | 2);
        WriteVarint(written, (ulong)content.Length);
        written.Write(content);
    }

    static void WriteVarint(ArrayBufferWriter<byte> written, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            written.Write([(byte)(value | 0x80)]);
        }

        written.Write([(byte)value]);
    }

    static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte part = bytes[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("The graph ends within a number.");
    }
}
