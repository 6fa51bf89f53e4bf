using ImmichMl.Imaging.Warping;

namespace ImmichMl.Tests.Imaging;

/// <summary>Ways to a tensor that are there for speed, against the plain one and against the formula.</summary>
public sealed class TensorWriterTests
{
    [Test]
    [Arguments(127.5f, 128f)]
    [Arguments(127.5f, 127.5f)]
    [Arguments(0.5f, 127.5f)]
    [Arguments(0f, 1f)]
    public async Task Every_byte_at_every_position_of_a_vector_has_the_bits_of_the_formula(float subtract, float divide)
    {
        // Three times 256 and a prime, so that each value comes to each channel and each lane, and some pixels are left over.
        using var bitmap = Bitmap.Allocate(31, 257);
        for (int i = 0; i < bitmap.Pixels.Length; i++)
        {
            bitmap.Pixels[i] = (byte)(i * 7);
        }

        int plane = bitmap.Width * bitmap.Height;
        float[] tensor = new float[3 * plane];
        TensorWriter.WriteStandardized(bitmap, StandardizeTable.OnBytes(subtract, divide), tensor);
        int wrong = 0;
        for (int i = 0; i < tensor.Length; i++)
        {
            float expected = (bitmap.Pixels[(i % plane * 3) + (i / plane)] - subtract) / divide;
            wrong += BitConverter.SingleToInt32Bits(tensor[i]) == BitConverter.SingleToInt32Bits(expected) ? 0 : 1;
        }

        await Assert.That(wrong).IsEqualTo(0);
    }

    [Test]
    [Arguments(1440, 601)]
    [Arguments(601, 1440)]
    [Arguments(1280, 1280)]
    [Arguments(640, 640)]
    [Arguments(3, 2000)]
    [Arguments(2000, 3)]
    [Arguments(17, 13)]
    public async Task A_letterbox_written_in_bands_of_rows_is_the_canvas_standardized(int width, int height)
    {
        using Bitmap bitmap = FormulaPicture.Draw("noise", width, height);
        StandardizeTable table = StandardizeTable.OnBytes(127.5f, 128);
        LetterboxPlan plan = Letterbox.Plan(width, height, 640, 480);
        float[] inBands = new float[3 * 640 * 480], inSteps = new float[3 * 640 * 480];
        Array.Fill(inBands, float.NaN);
        foreach (int first in new[] { 0, 1, 100, 480 - 33 })
        {
            int end = first switch { 0 => 1, 1 => 100, 100 => 480 - 33, _ => 480 };
            TensorWriter.WriteLetterboxed(bitmap, plan, table, new TensorPlanes(inBands, 640, 480), new RowBand(first, end - first));
        }

        using Bitmap canvas = Letterbox.Apply(bitmap, plan, 640, 480);
        TensorWriter.WriteStandardized(canvas, table, inSteps);
        await Assert.That(inBands.AsSpan().SequenceEqual(inSteps)).IsTrue();
    }

    [Test]
    [Arguments(1, 1)]
    [Arguments(3, 5)]
    [Arguments(4, 4)]
    [Arguments(61, 47)]
    [Arguments(320, 200)]
    public async Task A_perspective_crop_is_the_same_by_every_path_at_the_edges_and_beyond(int width, int height)
    {
        using Bitmap bitmap = FormulaPicture.Draw("noise", width, height);
        var random = new Lcg((ulong)((width * 1000) + height));
        double Shift(int side) => (random.Next(3000) / 1000.0 * side) - side;
        for (int i = 0; i < 40; i++)
        {
            // Some straight, some turned or skewed, many of them reaching out of the picture on a side.
            var matrix = new PerspectiveMatrix(
                0.2 + (random.Next(1800) / 1000.0), (random.Next(1000) - 500) / 1000.0, Shift(width), (random.Next(1000) - 500) / 1000.0,
                0.2 + (random.Next(1800) / 1000.0), Shift(height),
                (random.Next(100) - 50) / 100_000.0, (random.Next(100) - 50) / 100_000.0);
            using Bitmap scalar = Bitmap.Allocate(67, 53), best = Bitmap.Allocate(67, 53);
            BicubicPass.Run(bitmap, matrix, scalar, KernelPath.Scalar);
            BicubicPass.Run(bitmap, matrix, best, KernelPaths.Best);
            if (!scalar.Pixels.SequenceEqual(best.Pixels))
            {
                Assert.Fail($"{matrix} differs.");
            }
        }

        await Assert.That(KernelPaths.Available).Contains(KernelPaths.Best);
    }
}
