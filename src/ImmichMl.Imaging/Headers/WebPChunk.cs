namespace ImmichMl.Imaging.Headers;

/// <summary>One RIFF chunk: four letters and the data, which must be complete.</summary>
readonly ref struct WebPChunk(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
{
    readonly ReadOnlySpan<byte> _name = name;

    public ReadOnlySpan<byte> Data { get; } = data;

    public bool Is(ReadOnlySpan<byte> name) => _name.SequenceEqual(name);

    public static WebPChunk Next(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 8)
        {
            throw WebPHeader.Truncated();
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        if (size > rest.Length - 8)
        {
            throw WebPHeader.Truncated();
        }

        var length = (int)size;
        var chunk = new WebPChunk(rest[..4], rest.Slice(8, length));

        // Chunks begin at even offsets; the pad byte of the last one may be missing.
        rest = rest[Math.Min(8 + length + (length & 1), rest.Length)..];
        return chunk;
    }
}
