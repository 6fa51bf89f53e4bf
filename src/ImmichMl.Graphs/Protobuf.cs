using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ImmichMl.Graphs;

/// <summary>
/// One field of a protobuf message: its content if it has a length, else its number; <see cref="Raw"/> is the field as it stood.
/// </summary>
public readonly ref struct ProtobufField
{
    public required int Number { get; init; }

    public required ReadOnlySpan<byte> Content { get; init; }

    public required ulong Value { get; init; }

    public required ReadOnlySpan<byte> Raw { get; init; }

    public string Text => Encoding.UTF8.GetString(Content);

    /// <summary>The numbers of a repeated field, whether they stand one by one or packed.</summary>
    public List<long> Numbers
    {
        get
        {
            var numbers = new List<long>();
            for (int at = 0; at < Content.Length;)
            {
                numbers.Add((long)ProtobufFields.Varint(Content, ref at));
            }

            return Content.Length == 0 ? [(long)Value] : numbers;
        }
    }

    /// <summary>A StringStringEntryProto.</summary>
    public (string Key, string Value) Entry
    {
        get
        {
            (string key, string value) = ("", "");
            foreach (ProtobufField part in new ProtobufFields(Content))
            {
                (key, value) = part.Number switch
                {
                    1 => (part.Text, value),
                    2 => (key, part.Text),
                    _ => (key, value),
                };
            }

            return (key, value);
        }
    }
}

/// <summary>The fields of a message in protobuf's wire format, as far as ONNX files need it, in their order: for <c>foreach</c>.</summary>
/// <exception cref="InvalidDataException">While stepping: this is no message, or one that was cut.</exception>
public ref struct ProtobufFields(ReadOnlySpan<byte> message)
{
    readonly ReadOnlySpan<byte> _message = message;
    int _at;

    public ProtobufField Current { get; private set; }

    public readonly ProtobufFields GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_at == _message.Length)
        {
            return false;
        }

        int start = _at;
        ulong tag = Varint(_message, ref _at);
        ulong value = (tag & 7) == 0 ? Varint(_message, ref _at) : 0;
        ulong length = (tag & 7) switch
        {
            0 => 0,
            1 => 8,
            2 => Varint(_message, ref _at),
            5 => 4,
            _ => throw new InvalidDataException("The graph is not as ONNX writes it."),
        };
        if (length > (ulong)(_message.Length - _at))
        {
            throw new InvalidDataException("The graph ends within a field.");
        }

        ReadOnlySpan<byte> content = _message.Slice(_at, (int)length);
        _at += (int)length;
        Current = new ProtobufField { Number = (int)(tag >> 3), Content = content, Value = value, Raw = _message[start.._at] };
        return true;
    }

    internal static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
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

/// <summary>Writes a message in protobuf's wire format. It knows no message: callers give the field numbers.</summary>
public sealed class ProtobufWriter
{
    readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public byte[] ToArray() => Written.ToArray();

    /// <summary>Fields as they stood in another message.</summary>
    public ProtobufWriter Raw(ReadOnlySpan<byte> fields)
    {
        _bytes.Write(fields);
        return this;
    }

    public ProtobufWriter Number(int field, long value) => Varint((ulong)field << 3).Varint((ulong)value);

    public ProtobufWriter Numbers(int field, params ReadOnlySpan<int> values)
    {
        foreach (int value in values)
        {
            Number(field, value);
        }

        return this;
    }

    public ProtobufWriter Fixed32(int field, float value)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(four, value);
        return Varint(((ulong)field << 3) | 5).Raw(four);
    }

    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value) =>
        Varint(((ulong)field << 3) | 2).Varint((ulong)value.Length).Raw(value);

    public ProtobufWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public ProtobufWriter Texts(int field, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            Text(field, value);
        }

        return this;
    }

    public ProtobufWriter Message(int field, ProtobufWriter message) => Bytes(field, message.Written);

    /// <summary>A StringStringEntryProto.</summary>
    public ProtobufWriter Entry(int field, string key, string value) => Message(field, new ProtobufWriter().Text(1, key).Text(2, value));

    ProtobufWriter Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Write([(byte)(value | 0x80)]);
        }

        _bytes.Write([(byte)value]);
        return this;
    }
}
