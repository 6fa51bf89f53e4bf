
namespace ImmichMl.Benchmarks.Overhead;

/// <summary>
/// Pictures in which the synthetic models find what was drawn: faces on a photograph without its colours, words on paper.
/// </summary>
static class DrawnPictures
{
    const int Ground = 0xB8C8C0;

    static readonly DemoPerson[] s_people = [DemoFaces.Ada, DemoFaces.Ben, DemoFaces.Cleo];

    /// <summary>A JPEG of 1080 × 1080.</summary>
    public static byte[] OneFace(byte[] photograph) => OnPhotograph(photograph, 1080, 1080, [new DemoFace(DemoFaces.Ada, 540, 520, 100)]);

    /// <summary>A JPEG of 480 × 360.</summary>
    public static byte[] SmallFace(byte[] photograph) => OnPhotograph(photograph, 480, 360, [new DemoFace(DemoFaces.Ben, 240, 180, 44)]);

    /// <summary>A JPEG of 1440 × 601 with 21 faces.</summary>
    public static byte[] Group(byte[] photograph) => OnPhotograph(
        photograph, 1440, 601, Enumerable.Range(
            0, 21).Select(i => new DemoFace(s_people[i % 3], 105 + (i % 7 * 205), 100 + (i / 7 * 200), 40)));

    /// <summary>FOX and FINDS on a PNG of 480 × 128.</summary>
    public static byte[] Words() =>
        new Canvas(480, 128, 0xF4F0E8).Text("FOX", 40, 50, 4, 0x202028).Text("FINDS", 260, 50, 4, 0x801818).ToPng();

    static byte[] OnPhotograph(byte[] photograph, int width, int height, IEnumerable<DemoFace> faces)
    {
        using Bitmap original = Decode(photograph);
        using Bitmap picture = Resampler.Resize(original, width, height, ResampleFilter.Bicubic);
        using Bitmap drawn = Decode(DemoFaces.Draw(width, height, faces).ToPng());
        Span<byte> pixels = picture.Pixels, over = drawn.Pixels;
        for (int i = 0; i < pixels.Length; i += Bitmap.BytesPerPixel)
        {
            if (((over[i] << 16) | (over[i + 1] << 8) | over[i + 2]) != Ground)
            {
                over.Slice(i, Bitmap.BytesPerPixel).CopyTo(pixels[i..]);
            }
            else
            {
                // Skin is told by its colour.
                pixels.Slice(i, Bitmap.BytesPerPixel).Fill((byte)((pixels[i] + pixels[i + 1] + pixels[i + 2]) / 3));
            }
        }

        return PictureFile.Encode(picture, PictureFormat.Jpeg);
    }

    static Bitmap Decode(byte[] encoded) => ImageDecoder.Decode(encoded, ImageHeader.Read(encoded, new ImageLimits()));
}
