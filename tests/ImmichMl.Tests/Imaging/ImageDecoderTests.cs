namespace ImmichMl.Tests.Imaging;

public sealed class ImageDecoderTests
{
    /// <summary>Small, for a mutated size must not make a test slow.</summary>
    static readonly ImageLimits Limits = new() { MaxPixels = 1_000_000 };

    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task A_small_picture_decodes_to_the_pixels_that_Pillow_gives(GoldenImage golden)
    {
        var image = golden.Read();
        var header = ImageHeader.Read(image, Limits);
        await Assert.That((header.Width, header.Height)).IsEqualTo((golden.Width, golden.Height));
        using var bitmap = ImageDecoder.Decode(image, header);
        await Assert.That(Support.Sha256.Of(bitmap.Pixels)).IsEqualTo(golden.Sha256);
    }

    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task Every_prefix_of_a_picture_is_refused_with_a_fault_or_read_to_the_right_pixels(GoldenImage golden)
    {
        var image = golden.Read();
        var complete = image.Length;
        for (var length = image.Length - 1; length >= 0; length--)
        {
            // Nothing but an ImageException may come out; and whatever is read must be the whole picture.
            if (Read(image.AsSpan(0, length)) is { } hash)
            {
                await Assert.That(hash).IsEqualTo(golden.Sha256).Because($"the prefix has {length} of {image.Length} bytes");
                complete = length;
            }
        }

        await Assert.That(complete).IsGreaterThan(image.Length / 2);
    }

    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task Every_changed_byte_gives_a_fault_or_a_picture(GoldenImage golden)
    {
        var image = golden.Read();
        var outcomes = 0;
        foreach (var change in (byte[])[0x01, 0x80, 0xFF])
        {
            for (var i = 0; i < image.Length; i++)
            {
                image[i] ^= change;
                _ = Read(image);
                image[i] ^= change;
                outcomes++;
            }
        }

        await Assert.That(outcomes).IsEqualTo(3 * image.Length);
    }

    [Test]
    public async Task A_header_of_other_bytes_is_refused()
    {
        var image = GoldenImage.All().First(golden => golden.Name == "rgb.png").Read();
        await Assert.That(Fault(image, new(ImageFormat.Png, 23, 17))).IsEqualTo(ImageFault.Unreadable);
        await Assert.That(Fault(image, new(ImageFormat.Jpeg, 24, 17))).IsEqualTo(ImageFault.Unreadable);
    }

    static ImageFault? Fault(byte[] image, ImageHeader header)
    {
        try
        {
            ImageDecoder.Decode(image, header).Dispose();
            return null;
        }
        catch (ImageException exception)
        {
            return exception.Fault;
        }
    }

    /// <summary>The hash of the pixels, or null where the image is refused.</summary>
    static string? Read(ReadOnlySpan<byte> image)
    {
        try
        {
            using var bitmap = ImageDecoder.Decode(image, ImageHeader.Read(image, Limits));
            return Support.Sha256.Of(bitmap.Pixels);
        }
        catch (ImageException)
        {
            return null;
        }
    }
}
