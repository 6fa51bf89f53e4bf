using System.Buffers;
using System.Text;

namespace ImmichMl.Inference.Graphs;

/// <summary>One field of a protobuf message: its number, all of its bytes, and what it holds where it has a length.</summary>
readonly record struct OnnxField(int Number, ReadOnlyMemory<byte> Whole, ReadOnlyMemory<byte> Content, ulong Value)
{
    public string Text => Encoding.UTF8.GetString(Content.Span);
}

/// <summary>Reads and writes messages of onnx.proto; the numbers of their fields are the callers'.</summary>
static class OnnxFields
{
    /// <exception cref="InvalidDataException">These are no bytes of a message.</exception>
    public static List<OnnxField> Read(ReadOnlyMemory<byte> message)
    {
        var fields = new List<OnnxField>();
        for (int at = 0; at < message.Length;)
        {
            int start = at;
            ulong tag = Varint(message.Span, ref at);
            (ulong value, ulong length) = (tag & 7) switch
            {
                0 => (Varint(message.Span, ref at), 0ul),
                1 => (0ul, 8ul),
                2 => (0ul, Varint(message.Span, ref at)),
                5 => (0ul, 4ul),
                _ => throw new InvalidDataException("The graph is not as ONNX writes it."),
            };
            if (length > (ulong)(message.Length - at))
            {
                throw new InvalidDataException("The graph ends within a field.");
            }

            ReadOnlyMemory<byte> content = message.Slice(at, (int)length);
            at += (int)length;
            fields.Add(new OnnxField((int)Math.Min(tag >> 3, int.MaxValue), message[start..at], content, value));
        }

        return fields;
    }

    /// <summary>Whole numbers that are packed into one field or stand one to a field.</summary>
    public static IEnumerable<long> Numbers(OnnxField field)
    {
        if (field.Content.IsEmpty)
        {
            yield return (long)field.Value;
            yield break;
        }

        for (int at = 0; at < field.Content.Length;)
        {
            yield return (long)Varint(field.Content.Span, ref at);
        }
    }

    public static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
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

    public static void Write(ArrayBufferWriter<byte> to, int field, ReadOnlySpan<byte> content)
    {
        WriteVarint(to, ((ulong)field << 3) | 2);
        WriteVarint(to, (ulong)content.Length);
        to.Write(content);
    }

    public static void Write(ArrayBufferWriter<byte> to, int field, string text) => Write(to, field, Encoding.UTF8.GetBytes(text));

    public static void Write(ArrayBufferWriter<byte> to, int field, ulong value)
    {
        WriteVarint(to, (ulong)field << 3);
        WriteVarint(to, value);
    }

    static void WriteVarint(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            to.Write([(byte)(value | 0x80)]);
        }

        to.Write([(byte)value]);
    }
}
