namespace ImmichMl.Imaging.Headers;

/// <summary>The second byte of the markers that matter here (ITU T.81, table B.1).</summary>
static class JpegMarker
{
    public const byte Temporary = 0x01;
    public const byte BaselineFrame = 0xC0;
    public const byte ExtendedFrame = 0xC1;
    public const byte ProgressiveFrame = 0xC2;
    public const byte HuffmanTables = 0xC4;
    public const byte ArithmeticConditioning = 0xCC;
    public const byte FirstRestart = 0xD0;
    public const byte LastRestart = 0xD7;
    public const byte StartOfImage = 0xD8;
    public const byte EndOfImage = 0xD9;
    public const byte StartOfScan = 0xDA;
    public const byte QuantizationTables = 0xDB;
    public const byte LineCount = 0xDC;
    public const byte RestartInterval = 0xDD;
    public const byte FirstApplication = 0xE0;
    public const byte LastApplication = 0xEF;
    public const byte Comment = 0xFE;

    /// <summary>SOF0 to SOF15; C4, C8 and CC in their midst are DHT, JPG and DAC.</summary>
    public static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    public static bool IsProgressive(byte marker) => marker is 0xC2 or 0xCA;

    /// <summary>Sequential and progressive, Huffman and arithmetic; not lossless, not hierarchical.</summary>
    public static bool IsDecodableFrame(byte marker) => marker is 0xC0 or 0xC1 or 0xC2 or 0xC9 or 0xCA;

    /// <summary>True for a marker without a segment, the beginning and the end of the picture aside.</summary>
    public static bool StandsAlone(int marker) => marker is Temporary or (>= FirstRestart and <= LastRestart);

    /// <summary>The next segment: marker, then what follows its length. Markers that stand alone are stepped over.</summary>
    /// <returns>False where no whole one follows.</returns>
    public static bool TryNextSegment(ReadOnlySpan<byte> image, scoped ref int position, out byte marker, out ReadOnlySpan<byte> segment)
    {
        int next;
        do
        {
            next = Next(image, ref position);
        }
        while (StandsAlone(next));

        marker = (byte)next;
        segment = default;
        if (next < 0 || !BinaryPrimitives.TryReadUInt16BigEndian(image[position..], out var length)
            || length < 2 || length > image.Length - position)
        {
            return false;
        }

        segment = image.Slice(position + 2, length - 2);
        position += length;
        return true;
    }

    /// <summary>Steps over what libjpeg steps over: stuffed and entropy-coded bytes, fill, stray bytes between segments.</summary>
    /// <returns>-1 where there is none.</returns>
    public static int Next(ReadOnlySpan<byte> image, ref int position)
    {
        // As a rule it follows at once.
        if (position + 1 < image.Length && image[position] == 0xFF && image[position + 1] is not (0 or 0xFF))
        {
            position += 2;
            return image[position - 1];
        }

        while (true)
        {
            var skip = image[position..].IndexOf((byte)0xFF);
            var fill = skip < 0 ? -1 : image[(position + skip)..].IndexOfAnyExcept((byte)0xFF);
            if (fill < 0)
            {
                position = image.Length;
                return -1;
            }

            position += skip + fill + 1;
            if (image[position - 1] != 0)
            {
                return image[position - 1];
            }
        }
    }
}
