namespace ImmichMl.Tests.Imaging;

public sealed class ImageHeaderTests
{
    [Test]
    [Arguments("II*\0....", "TIFF")]
    [Arguments("MM\0*....", "TIFF")]
    [Arguments("\0\0\0\u0018ftypavif....", "AVIF")]
    [Arguments("\0\0\0\u0018ftypheic....", "HEIC")]
    [Arguments("\0\0\0\u0018ftypisom....", "ISO media")]
    [Arguments("\0\0\0\u0018ftyp", "ISO media")]
    [Arguments("\u00ff\n......", "JPEG XL")]
    [Arguments("\0\0\0\u000cjP  \r\n\u0087\n", "JPEG 2000")]
    [Arguments("8BPS\0\u0001", "PSD")]
    [Arguments("\0\0\u0001\0\u0001\0", "ICO")]
    [Arguments("%PDF-1.7", "PDF")]
    [Arguments("<?xml version='1.0'?><!-- a --><svg/>", "SVG")]
    [Arguments("P6\n1 1\n255\n...", "PNM")]
    [Arguments("#?RADIANCE\n", "Radiance HDR")]
    [Arguments("RIFF....WAVE", "no known image format")]
    [Arguments("hello", "no known image format")]
    [Arguments("\u00ff", "no known image format")]
    public async Task Another_format_is_refused_by_its_name(string start, string name)
    {
        var exception = Refusal([.. start.Select(letter => (byte)letter)]);
        await Assert.That(exception.Fault).IsEqualTo(ImageFault.Unsupported);
        await Assert.That(exception.Message).Contains(name);
    }

    [Test]
    public async Task No_bytes_are_an_empty_image_and_too_many_a_too_large_one()
    {
        await Assert.That(Refusal([]).Fault).IsEqualTo(ImageFault.Empty);
        await Assert.That(Refusal(new byte[65], new() { MaxBytes = 64 }).Fault).IsEqualTo(ImageFault.TooLarge);
    }

    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task The_limit_on_pixels_is_inclusive(GoldenImage golden)
    {
        var pixels = golden.Width * golden.Height;
        var header = ImageHeader.Read(golden.Read(), new() { MaxPixels = pixels });
        await Assert.That((header.Width, header.Height)).IsEqualTo((golden.Width, golden.Height));
        await Assert.That(Refusal(golden.Read(), new() { MaxPixels = pixels - 1 }).Fault).IsEqualTo(ImageFault.TooLarge);
    }

    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task Reading_a_header_allocates_nothing(GoldenImage golden)
    {
        var image = golden.Read();
        var limits = new ImageLimits();
        _ = ImageHeader.Read(image, limits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = ImageHeader.Read(image, limits);
        await Assert.That(GC.GetAllocatedBytesForCurrentThread() - before).IsEqualTo(0);
    }

    [Test]
    public async Task The_scans_of_a_JPEG_have_a_budget_in_pixels()
    {
        // The frame of the picture says 24 x 17, coding units of 16 x 16; enlarged to 4096 x 4096, each scan costs 2^24. So large a
        // picture takes 49,152 bytes at least: zeros stand for them.
        var image = GoldenImage.All().First(golden => golden.Name == "progressive.jpg").Read();
        var frame = image.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC2]);
        ((ReadOnlySpan<byte>)[0x10, 0x00, 0x10, 0x00]).CopyTo(image.AsSpan(frame + 5));
        var scan = image.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        byte[] WithScans(int count) =>
            [.. image[..scan], .. Enumerable.Repeat(image[scan..(scan + 14)], count).SelectMany(bytes => bytes), .. new byte[49_152],
                0xFF, 0xD9];

        await Assert.That(ImageHeader.Read(WithScans(238), new()).Width).IsEqualTo(4096);
        await Assert.That(Refusal(WithScans(239)).Fault).IsEqualTo(ImageFault.TooLarge);
        await Assert.That(Refusal(WithScans(0)).Fault).IsEqualTo(ImageFault.Unreadable);
    }

    static ImageException Refusal(byte[] image, ImageLimits? limits = null)
    {
        try
        {
            var header = ImageHeader.Read(image, limits ?? new());
            throw new InvalidOperationException($"The image was accepted as {header}.");
        }
        catch (ImageException exception)
        {
            return exception;
        }
    }
}
