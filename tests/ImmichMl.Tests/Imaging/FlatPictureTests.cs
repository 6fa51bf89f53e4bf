namespace ImmichMl.Tests.Imaging;

/// <summary>Nothing is smaller than a picture of one colour; real encoders' are read though the bound for claims is near.</summary>
public sealed class FlatPictureTests
{
    [Test]
    [Arguments(PictureFormat.Jpeg)]
    [Arguments(PictureFormat.Png)]
    [Arguments(PictureFormat.WebP)]
    public async Task A_large_picture_of_one_colour_is_read(PictureFormat format)
    {
        using var flat = Bitmap.Allocate(3000, 2001);
        flat.Pixels.Fill(128);
        var image = PictureFile.Encode(flat, format);
        var header = ImageHeader.Read(image, new ImageLimits());
        using var bitmap = ImageDecoder.Decode(image, header);
        await Assert.That((bitmap.Width, bitmap.Height, bitmap.Pixels.ContainsAnyExcept((byte)128))).IsEqualTo((3000, 2001, false));
    }

    [Test]
    [Arguments("flat.jpg")]
    [Arguments("flat_progressive.jpg")]
    public async Task The_densest_coding_of_one_colour_is_read(string name)
    {
        var image = File.ReadAllBytes(Repository.Golden("odd", "flat", name));
        var header = ImageHeader.Read(image, new ImageLimits());
        using var bitmap = ImageDecoder.Decode(image, header);
        await Assert.That((bitmap.Width, bitmap.Height, bitmap.Pixels.ContainsAnyExcept((byte)128))).IsEqualTo((1200, 800, false));

        // The same bytes are not believed to be 61,440 rows.
        var frame = image.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, name == "flat.jpg" ? (byte)0xC0 : (byte)0xC2]);
        (image[frame + 5], image[frame + 6]) = (0xF0, 0);
        await Assert.That(() => { ImageHeader.Read(image, new ImageLimits()); }).Throws<ImageException>();
    }
}
