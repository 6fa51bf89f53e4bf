using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;

namespace ImmichMl.Benchmarks.Imaging;

/// <summary>
/// <c>text-maps MODEL FOLDER PICTURE…</c>: what a text detector answers, at 8 bits a cell, as FOLDER/PICTURE-SIDE.WIDTHxHEIGHT, for
/// tests/golden/geometry/make_real.py. The pictures go in as BEHAVIOUR has it, the shorter side at most SIDE.
/// </summary>
static class TextMaps
{
    static readonly int[] s_sides = [224, 352, 736];

    public static void Write(string model, string folder, IEnumerable<string> pictures)
    {
        using ModelSession session = new SessionFactory(new RuntimeOptions()).Create(new(ModelKind.TextDetection, "maps"), model);
        StandardizeTable table = StandardizeTable.OnBytes(0.5f, 127.5f);
        foreach (string picture in pictures)
        {
            byte[] image = File.ReadAllBytes(picture);
            using Bitmap bitmap = ImageDecoder.Decode(image, ImageHeader.Read(image, new ImageLimits()), CodecChoice.Auto);
            foreach (int side in s_sides)
            {
                double ratio = Math.Min((double)side / Math.Min(bitmap.Width, bitmap.Height), 1);
                (int width, int height) = (Round(bitmap.Width * ratio), Round(bitmap.Height * ratio));
                float[] tensor = new float[3 * width * height];
                using (Bitmap scaled = Resampler.Resize(bitmap, width, height, ResampleFilter.Lanczos))
                {
                    TensorWriter.WriteTopLeft(scaled, table, new TensorPlanes(tensor, width, height, blueFirst: true));
                }

                OutputTensor map = session.Run(tensor, [1, 3, height, width], CancellationToken.None);
                byte[] levels = [.. map.Values.Select(value => (byte)Math.Clamp(MathF.Round(value * 255), 0, 255))];
                File.WriteAllBytes(Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(picture)}-{side}.{width}x{height}"), levels);
            }
        }
    }

    static int Round(double side) => Math.Max(32, (int)Math.Round((int)side / 32.0) * 32);
}
