namespace ImmichMl.Imaging.Headers;

/// <summary>The second byte of the markers that matter here (ITU T.81, table B.1).</summary>
static class JpegMarker
{
    public const byte Temporary = 0x01;
    public const byte FirstRestart = 0xD0;
    public const byte LastRestart = 0xD7;
    public const byte StartOfImage = 0xD8;
    public const byte EndOfImage = 0xD9;
    public const byte StartOfScan = 0xDA;

    /// <summary>SOF0 to SOF15; C4, C8 and CC in their midst are DHT, JPG and DAC.</summary>
    public static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    public static bool IsProgressive(byte marker) => marker is 0xC2 or 0xCA;

    /// <summary>Sequential and progressive, Huffman and arithmetic; not lossless, not hierarchical.</summary>
    public static bool IsDecodableFrame(byte marker) => marker is 0xC0 or 0xC1 or 0xC2 or 0xC9 or 0xCA;
}
