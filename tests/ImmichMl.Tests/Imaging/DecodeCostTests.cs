using System.Buffers.Binary;
using ImmichMl.Imaging.Codecs;

namespace ImmichMl.Tests.Imaging;

/// <summary>What decoders were seen to take: rows go straight into the bitmap, pictures in several scans are held a second time.</summary>
public sealed class DecodeCostTests
{
    const long Pixels = 12_000 * 8_000;
    const byte Sequential = 0xC0;
    const byte Progressive = 0xC2;

    [Test]
    [Arguments(Sequential, new byte[] { 0x22, 0x11, 0x11 }, 3, 3 * Pixels)]
    [Arguments(Sequential, new byte[] { 0x11 }, 1, 3 * Pixels)]
    [Arguments(Sequential, new byte[] { 0x11, 0x11, 0x11, 0x11 }, 4, 4 * Pixels)]
    [Arguments(Sequential, new byte[] { 0x22, 0x11, 0x11 }, 1, 6 * Pixels)]
    [Arguments(Progressive, new byte[] { 0x22, 0x11, 0x11 }, 3, 6 * Pixels)]
    [Arguments(Progressive, new byte[] { 0x11, 0x11, 0x11 }, 3, 9 * Pixels)]
    [Arguments(Progressive, new byte[] { 0x11, 0x11, 0x11, 0x11 }, 4, 12 * Pixels)]
    public async Task A_JPEG_in_several_scans_takes_its_coefficients_besides(byte frame, byte[] sampling, int inScan, long bytes) =>
        await Assert.That(CostOf(Jpeg(frame, sampling, inScan), ImageFormat.Jpeg)).IsEqualTo(bytes);

    [Test]
    public async Task No_picture_takes_more_than_the_most() =>
        await Assert.That(DecodeCost.Of([], new ImageHeader(ImageFormat.Jpeg, 12_000, 8_000), CodecChoice.Managed))
            .IsEqualTo(DecodeCost.MostBytesPerPixel * Pixels);

    [Test]
    [Arguments(8, 0, 3 * Pixels)]
    [Arguments(16, 0, 3 * Pixels)]
    [Arguments(8, 1, 8 * Pixels)]
    [Arguments(16, 1, 12 * Pixels)]
    public async Task An_interlaced_PNG_is_held_whole_besides(int depth, int interlace, long bytes)
    {
        byte[] png = new byte[40];
        (png[24], png[28]) = ((byte)depth, (byte)interlace);
        await Assert.That(CostOf(png, ImageFormat.Png)).IsEqualTo(bytes);
    }

    [Test]
    [Arguments(ImageFormat.Jpeg)]
    [Arguments(ImageFormat.Png)]
    [Arguments(ImageFormat.WebP)]
    [Arguments(ImageFormat.Gif)]
    [Arguments(ImageFormat.Bmp)]
    public async Task Bytes_that_tell_nothing_count_as_dear(ImageFormat format)
    {
        for (int length = 0; length < 40; length++)
        {
            await Assert.That(CostOf(new byte[length], format)).IsGreaterThanOrEqualTo(3 * Pixels);
        }

        await Assert.That(CostOf([], format)).IsGreaterThanOrEqualTo(8 * Pixels);
    }

    static long CostOf(byte[] image, ImageFormat format) => DecodeCost.Of(image, new ImageHeader(format, 12_000, 8_000), CodecChoice.Auto);

    static byte[] Jpeg(byte frame, byte[] sampling, int inScan)
    {
        byte length = (byte)(8 + (3 * sampling.Length));
        List<byte> bytes =
            [0xFF, 0xD8, 0xFF, 0xE1, 0, 6, 0xFF, 0xC2, 0, 0, 0xFF, 0xFF, frame, 0, length, 8, 0, 0, 0, 0, (byte)sampling.Length];
        for (int i = 0; i < sampling.Length; i++)
        {
            bytes.AddRange([(byte)(i + 1), sampling[i], 0]);
        }

        bytes.AddRange([0xFF, 0xDA, 0, (byte)(6 + (2 * inScan)), (byte)inScan, .. new byte[3 + (2 * inScan)], 0xFF, 0xD9]);
        byte[] jpeg = [.. bytes];
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(16), 8_000);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(18), 12_000);
        return jpeg;
    }
}
