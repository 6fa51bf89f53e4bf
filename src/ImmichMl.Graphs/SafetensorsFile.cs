using System.Buffers.Binary;
using System.Text.Json;

namespace ImmichMl.Graphs;

/// <summary>
/// A file of weights in Hugging Face's safetensors form: eight bytes of length, so many bytes of JSON (name → dtype, shape, data_offsets),
/// the data. ONNX Runtime reads it by the offsets in the graph and does not look at its head; here both are held together.
/// </summary>
public static class SafetensorsFile
{
    const int LengthBytes = 8;

    /// <summary>Of the head: 100,000 constants of 160 bytes each.</summary>
    const int MostHeadBytes = 16 << 20;

    const int MostDepth = 8;

    sealed class Entry(string name, string type, long[] shape, long begin, long end)
    {
        public string Name => name;

        public string Type => type;

        public long[] Shape => shape;

        public long Begin => begin;

        public long End => end;
    }

    /// <summary>Looks at the head, and at what the graph says of the file; the data is not read.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="tensors">Constants of the graph beside it whose values lie there.</param>
    /// <exception cref="InvalidDataException">The head is none, ranges overlap or lie outside, or the graph says otherwise.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static void Check(string path, IEnumerable<StoredTensor> tensors)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        long head = HeadLength(file), data = file.Length - LengthBytes - head;
        Dictionary<string, Entry> entries = ReadHead(file, (int)head);
        long end = 0;
        foreach (Entry entry in entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin < end || entry.End < entry.Begin || entry.End > data)
            {
                throw Broken($"the range of '{entry.Name}' overlaps another or lies outside of the file");
            }

            end = entry.End;
            if (SizeOf(entry.Type) is var size and > 0 && BytesOf(entry.Shape, size) != entry.End - entry.Begin)
            {
                throw Broken($"'{entry.Name}' has another size than its dtype and shape say");
            }
        }

        foreach (StoredTensor tensor in tensors)
        {
            CheckTensor(tensor, entries, LengthBytes + head, data);
        }
    }

    static void CheckTensor(StoredTensor tensor, Dictionary<string, Entry> entries, long start, long data)
    {
        long begin = tensor.Offset - start;
        long length = TypeOf(tensor.Type) is { } type ? BytesOf(tensor.Dimensions, SizeOf(type)) : Math.Max(0, tensor.Length);
        if (begin < 0 || length < 0 || length > data || begin > data - length || (tensor.Length >= 0 && tensor.Length != length))
        {
            throw Broken($"the graph looks for '{tensor.Name}' outside of its data");
        }

        if (entries.TryGetValue(tensor.Name, out Entry? entry)
            && (entry.Begin != begin || entry.End - entry.Begin != length || (TypeOf(tensor.Type) is { } wanted && wanted != entry.Type)))
        {
            throw Broken($"graph and head do not agree on '{tensor.Name}'");
        }
    }

    static long HeadLength(FileStream file)
    {
        Span<byte> bytes = stackalloc byte[LengthBytes];
        ulong length = file.ReadAtLeast(bytes, LengthBytes, throwOnEndOfStream: false) == LengthBytes
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : ulong.MaxValue;
        return length <= MostHeadBytes && (long)length <= file.Length - LengthBytes
            ? (long)length : throw Broken($"its head would have {length} bytes");
    }

    static Dictionary<string, Entry> ReadHead(FileStream file, int length)
    {
        var bytes = new byte[length];
        file.ReadExactly(bytes);
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MostDepth });
            return json.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").Select(Read)
                .ToDictionary(entry => entry.Name);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or IndexOutOfRangeException or ArgumentException)
        {
            throw Broken("its head is no list of tensors");
        }
    }

    static Entry Read(JsonProperty entry)
    {
        JsonElement range = entry.Value.GetProperty("data_offsets");
        return new Entry(
            entry.Name, entry.Value.GetProperty("dtype").GetString() ?? "",
            [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
            range[0].GetInt64(), range[1].GetInt64());
    }

    /// <summary>-1 where it is more than any file has, or negative.</summary>
    static long BytesOf(long[] shape, int size)
    {
        long bytes = size;
        foreach (long length in shape)
        {
            bytes = length < 0 || bytes < 0 || (length > 0 && bytes > long.MaxValue / length) ? -1 : bytes * length;
        }

        return bytes;
    }

    /// <summary>Bytes of one value; 0 for a type that is not known here.</summary>
    static int SizeOf(string type) => type switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => 0,
    };

    /// <summary>Of TensorProto.DataType; null for one that has no counterpart.</summary>
    static string? TypeOf(int type) => type switch
    {
        1 => "F32",
        2 => "U8",
        3 => "I8",
        4 => "U16",
        5 => "I16",
        6 => "I32",
        7 => "I64",
        9 => "BOOL",
        10 => "F16",
        11 => "F64",
        12 => "U32",
        13 => "U64",
        16 => "BF16",
        _ => null,
    };

    static InvalidDataException Broken(string what) => new($"the file of weights is damaged: {what}");
}
