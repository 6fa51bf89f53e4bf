using System.Text;
using System.Text.Unicode;

namespace ImmichMl.Protocol;

/// <summary>Typed reads that say what was wrong. Strings are copied only up to a stated length, so no claim of a peer allocates.</summary>
static class WireReading
{
    /// <summary>Longer keys are unknown ones.</summary>
    public const int MaxKeyBytes = 64;

    static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static int ReadMap(this ref MessagePackReader reader, string what)
    {
        Expect(ref reader, MessagePackType.Map, what, "a map");
        return reader.ReadMapHeader();
    }

    /// <summary>Copies a map's next key, or another word to look up, and returns its length; an over-long one counts as empty.</summary>
    public static int ReadKey(this ref MessagePackReader reader, scoped Span<byte> key, string what = "A key")
    {
        Expect(ref reader, MessagePackType.String, what, "a string");
        int length;
        if (reader.TryReadStringSpan(out ReadOnlySpan<byte> span))
        {
            length = span.Length > MaxKeyBytes ? 0 : span.Length;
            span[..length].CopyTo(key);
        }
        else
        {
            // It lies in two segments.
            ReadOnlySequence<byte> sequence = reader.ReadStringSequence() ?? default;
            length = sequence.Length > MaxKeyBytes ? 0 : (int)sequence.Length;
            sequence.Slice(0, length).CopyTo(key);
        }

        return Utf8.IsValid(key[..length]) ? length : throw ProtocolException.Invalid($"{what} is not valid UTF-8.");
    }

    public static string ReadText(this ref MessagePackReader reader, string what, int maxBytes)
    {
        Expect(ref reader, MessagePackType.String, what, "a string");
        ReadOnlySequence<byte> utf8 = reader.ReadStringSequence() ?? default;
        return utf8.Length > maxBytes
            ? throw ProtocolException.Invalid($"{what} of {utf8.Length} bytes is over the limit of {maxBytes}.")
            : Decode(utf8, what);
    }

    public static ReadOnlySequence<byte> ReadBinary(this ref MessagePackReader reader, string what)
    {
        Expect(ref reader, MessagePackType.Binary, what, "binary");
        return reader.ReadBytes() ?? default;
    }

    public static ulong ReadUnsigned(this ref MessagePackReader reader, string what)
    {
        Expect(ref reader, MessagePackType.Integer, what, "an integer");
        try
        {
            return reader.ReadUInt64();
        }
        catch (OverflowException)
        {
            throw ProtocolException.Invalid($"{what} must not be negative.");
        }
    }

    /// <summary>An integer of any size and sign; what does not fit comes back as null.</summary>
    public static long? ReadInteger(this ref MessagePackReader reader, string what)
    {
        Expect(ref reader, MessagePackType.Integer, what, "an integer");
        return IsNegative(ref reader) ? reader.ReadInt64() : reader.ReadUInt64() is var value and <= long.MaxValue ? (long)value : null;
    }

    public static long ReadCount(this ref MessagePackReader reader, string what, long max = long.MaxValue)
    {
        ulong value = reader.ReadUnsigned(what);
        return value > (ulong)max ? throw ProtocolException.Invalid($"{what} must be at most {max}.") : (long)value;
    }

    public static bool ReadFlag(this ref MessagePackReader reader, string what)
    {
        Expect(ref reader, MessagePackType.Boolean, what, "a boolean");
        return reader.ReadBoolean();
    }

    /// <summary>A number in any of MessagePack's forms: peers in dynamic languages write 1.0 as the integer 1.</summary>
    public static double ReadNumber(this ref MessagePackReader reader, string what) => reader.NextMessagePackType switch
    {
        MessagePackType.Integer when IsNegative(ref reader) => reader.ReadInt64(),
        MessagePackType.Integer => reader.ReadUInt64(),
        MessagePackType.Float => reader.ReadDouble(),
        _ => throw ProtocolException.Invalid($"{what} must be a number."),
    };

    public static int ReadArray(this ref MessagePackReader reader, string what)
    {
        Expect(ref reader, MessagePackType.Array, what, "an array");
        return reader.ReadArrayHeader();
    }

    public static float[] ReadFloats(this ref MessagePackReader reader, string what)
    {
        var values = new float[reader.ReadArray(what)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)reader.ReadNumber(what);
        }

        return values;
    }

    /// <summary>Looks at a copy: the signed forms may hold a number that is not negative.</summary>
    static bool IsNegative(ref MessagePackReader reader)
    {
        MessagePackReader copy = reader;
        return reader.NextCode is >= MessagePackCode.MinNegativeFixInt or (>= MessagePackCode.Int8 and <= MessagePackCode.Int64)
            && copy.ReadInt64() < 0;
    }

    static void Expect(ref MessagePackReader reader, MessagePackType type, string what, string kind)
    {
        if (reader.NextMessagePackType != type)
        {
            throw ProtocolException.Invalid($"{what} must be {kind}.");
        }
    }

    static string Decode(in ReadOnlySequence<byte> utf8, string what)
    {
        try
        {
            return s_strictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw ProtocolException.Invalid($"{what} is not valid UTF-8.");
        }
    }
}
