using ImmichMl.Daemon.Demo;
using ImmichMl.Imaging;

namespace ImmichMl.Benchmarks.Overhead;

/// <summary>Pictures in which the synthetic models find what was drawn: faces on a photograph without its colours, words on paper.</summary>
static class DrawnPictures
{
    const int Ground = 0xB8C8C0;

    static readonly DemoPerson[] s_people = [DemoFaces.Ada, DemoFaces.Ben, DemoFaces.Cleo];

    /// <summary>A JPEG of 1080 × 1080.</summary>
    public static byte[] OneFace(byte[] photograph) => OnPhotograph(photograph, 1080, 1080, [new DemoFace(DemoFaces.Ada, 540, 520, 100)]);

    /// <summary>A JPEG of 1440 × 601 with 21 faces.</summary>
    public static byte[] Group(byte[] photograph) => OnPhotograph(
        photograph, 1440, 601, Enumerable.Range(0, 21).Select(i => new DemoFace(s_people[i % 3], 105 + (i % 7 * 205), 100 + (i / 7 * 200), 40)));

    public static byte[] Words() => new Canvas(640, 320, 0xF4F0E8)
        .Text("FOX", 60, 60, 4, 0x202028).Text("FINDS", 300, 60, 4, 0x801818).Text("WORDS", 60, 140, 4, 0x202028).ToPng();

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
