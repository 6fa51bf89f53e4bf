using System.Buffers;
using System.Text;

namespace ImmichMl.Graphs;

/// <summary>One field of a protobuf message: its content if it has a length, else its number; <see cref="Raw"/> is the field as it stood.</summary>
readonly ref struct ProtobufField
{
    public required int Number { get; init; }

    public required ReadOnlySpan<byte> Content { get; init; }

    public required ulong Value { get; init; }

    public required ReadOnlySpan<byte> Raw { get; init; }

    public string Text => Encoding.UTF8.GetString(Content);
}

/// <summary>The wire format of protobuf as far as ONNX files need it.</summary>
static class Protobuf
{
    /// <summary>Steps over one field.</summary>
    /// <exception cref="InvalidDataException">This is no message, or one that was cut.</exception>
    public static ProtobufField Next(ReadOnlySpan<byte> message, ref int at)
    {
        int start = at;
        ulong tag = Varint(message, ref at);
        ulong value = 0;
        ulong length = 0;
        switch (tag & 7)
        {
            case 0:
                value = Varint(message, ref at);
                break;
            case 1:
                length = 8;
                break;
            case 2:
                length = Varint(message, ref at);
                break;
            case 5:
                length = 4;
                break;
            default:
                throw new InvalidDataException("The graph is not as ONNX writes it.");
        }

        if (length > (ulong)(message.Length - at))
        {
            throw new InvalidDataException("The graph ends within a field.");
        }

        ReadOnlySpan<byte> content = message.Slice(at, (int)length);
        at += (int)length;
        return new ProtobufField { Number = (int)(tag >> 3), Content = content, Value = value, Raw = message[start..at] };
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

    /// <summary>StringStringEntryProto.</summary>
    public static (string Key, string Value) Entry(ReadOnlySpan<byte> entry)
    {
        (string key, string value) = ("", "");
        for (int at = 0; at < entry.Length;)
        {
            ProtobufField field = Next(entry, ref at);
            (key, value) = field.Number switch
            {
                1 => (field.Text, value),
                2 => (key, field.Text),
                _ => (key, value),
            };
        }

        return (key, value);
    }

    public static byte[] Entry(string key, string value)
    {
        var written = new ArrayBufferWriter<byte>();
        WriteText(written, 1, key);
        WriteText(written, 2, value);
        return written.WrittenSpan.ToArray();
    }

    public static void WriteBytes(IBufferWriter<byte> written, int field, ReadOnlySpan<byte> content)
    {
        WriteRaw(written, ((ulong)field << 3) | 2);
        WriteRaw(written, (ulong)content.Length);
        written.Write(content);
    }

    public static void WriteText(IBufferWriter<byte> written, int field, string text) => WriteBytes(written, field, Encoding.UTF8.GetBytes(text));

    public static void WriteNumber(IBufferWriter<byte> written, int field, long value)
    {
        WriteRaw(written, (ulong)field << 3);
        WriteRaw(written, (ulong)value);
    }

    static void WriteRaw(IBufferWriter<byte> written, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            written.Write([(byte)(value | 0x80)]);
        }

        written.Write([(byte)value]);
    }
}
