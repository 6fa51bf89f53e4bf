using System.Runtime.InteropServices;

namespace ImmichMl.Protocol;

/// <param name="reader">Stands at the value.</param>
/// <param name="what">What an error calls the value: as a rule its key.</param>
/// <exception cref="ProtocolException">What stands there is of another kind, or passes a limit.</exception>
delegate T ReadValue<out T>(ref MessagePackReader reader, string what);

delegate void WriteValue<in T>(ref MessagePackWriter writer, T value);

/// <summary>How one kind of value is read from the wire and written to it.</summary>
class Codec<T>
{
    public required ReadValue<T> Read { get; init; }

    public required WriteValue<T> Write { get; init; }
}

/// <summary>The kinds of value that messages are made of. All are written in MessagePack's shortest form.</summary>
static class Codecs
{
    public const int MaxNameBytes = 256;

    public static readonly Codec<bool> Flag = Of(WireReading.ReadFlag, (ref writer, value) => writer.Write(value));

    public static readonly Codec<double> Number = Of(WireReading.ReadNumber, (ref writer, value) => writer.Write(value));

    public static readonly Codec<float> Score =
        Of((ref reader, what) => (float)reader.ReadNumber(what), (ref writer, value) => writer.Write(value));

    public static readonly Codec<ulong> Unsigned = Of(WireReading.ReadUnsigned, (ref writer, value) => writer.Write(value));

    /// <summary>Any integer of 0 or more that fits.</summary>
    public static readonly Codec<long> Count = Of((ref reader, what) => reader.ReadCount(what), (ref writer, value) => writer.Write(value));

    /// <summary>Any integer of 0 or more that fits.</summary>
    public static readonly Codec<int> Int32 =
        Of((ref reader, what) => (int)reader.ReadCount(what, int.MaxValue), (ref writer, value) => writer.Write(value));

    /// <summary>The name of a model, a task, a device and the like.</summary>
    public static readonly Codec<string> Name = Text(MaxNameBytes);

    public static readonly Codec<float[]> Floats = Of(WireReading.ReadFloats, (ref writer, values) =>
    {
        writer.WriteArrayHeader(values.Length);
        foreach (float value in values)
        {
            writer.Write(value);
        }
    });

    /// <summary>Little-endian float32, as every platform that this runs on keeps them.</summary>
    public static readonly Codec<float[]> Embedding =
        Of(ReadEmbedding, (ref writer, value) => writer.Write(MemoryMarshal.AsBytes<float>(value)));

    public static Codec<string> Text(int maxBytes) =>
        Of((ref reader, what) => reader.ReadText(what, maxBytes), (ref writer, value) => writer.Write(value));

    /// <summary>One of two words.</summary>
    public static Codec<T> Choice<T>((string Word, T Value) one, (string Word, T Value) other) => Of(
        (ref reader, what) => reader.ReadText(what, MaxNameBytes) is var text && text == one.Word ? one.Value
            : text == other.Word ? other.Value
            : throw ProtocolException.Invalid($"{what} '{text}' is neither '{one.Word}' nor '{other.Word}'."),
        (ref writer, value) => writer.Write(EqualityComparer<T>.Default.Equals(value, one.Value) ? one.Word : other.Word));

    /// <summary>An array; errors call its items <paramref name="itemName"/>, or as the array where that is null.</summary>
    public static Codec<IReadOnlyList<T>> ListOf<T>(Codec<T> item, string? itemName = null) => Of<IReadOnlyList<T>>(
        (ref reader, what) =>
        {
            var values = new T[reader.ReadArray(what)];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = item.Read(ref reader, itemName ?? what);
            }

            return values;
        },
        (ref writer, values) =>
        {
            writer.WriteArrayHeader(values.Count);
            for (int i = 0; i < values.Count; i++)
            {
                item.Write(ref writer, values[i]);
            }
        });

    /// <summary>For a list that is left out where nothing is in it.</summary>
    public static IReadOnlyList<T>? NullIfEmpty<T>(IReadOnlyList<T> list) => list.Count > 0 ? list : null;

    public static Codec<T> Of<T>(ReadValue<T> read, WriteValue<T> write) => new() { Read = read, Write = write };

    static float[] ReadEmbedding(ref MessagePackReader reader, string what)
    {
        ReadOnlySequence<byte> bytes = reader.ReadBinary("An embedding");
        if (bytes.Length % sizeof(float) != 0)
        {
            throw ProtocolException.Invalid($"An embedding of {bytes.Length} bytes is not made of float32.");
        }

        var embedding = new float[bytes.Length / sizeof(float)];
        bytes.CopyTo(MemoryMarshal.AsBytes(embedding.AsSpan()));
        return embedding;
    }
}
