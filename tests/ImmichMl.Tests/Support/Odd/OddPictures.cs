using System.Buffers.Binary;

namespace ImmichMl.Tests.Support.Odd;

/// <summary>
/// Pictures as damaged, abridged or unusual as they come, 2,000 of each kind, the same in every run; Pillow's answers to them stand in
/// tests/golden/odd.
/// </summary>
static class OddPictures
{
    public const int Count = 2000;

    public static readonly string[] Kinds = ["jpeg-end", "jpeg-marker", "gif", "bmp", "png-checksum", "png-palette"];

    public static byte[] Make(string kind, int number)
    {
        var random = new Lcg(((ulong)Array.IndexOf(Kinds, kind) << 32) + (ulong)number);
        for (var i = 0; i < 4; i++)
        {
            random.Next(2); // Neighbouring seeds begin alike.
        }

        return kind switch
        {
            "jpeg-end" => OddJpeg.WithoutEnd(random),
            "jpeg-marker" => OddJpeg.WithMarkers(random),
            "gif" => OddGif.Make(random),
            "bmp" => OddBmp.Make(random),
            "png-checksum" => OddPng.WithWrongChecksum(random),
            "png-palette" => OddPng.WithShortPalette(random),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There are no such pictures."),
        };
    }

    public static byte[] Bytes(Lcg random, int count)
    {
        var bytes = new byte[count];
        foreach (ref var value in bytes.AsSpan())
        {
            value = (byte)random.Next(256);
        }

        return bytes;
    }

    public static byte[] Little(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] Big(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] Short(int value) => [(byte)value, (byte)(value >> 8)];
}
