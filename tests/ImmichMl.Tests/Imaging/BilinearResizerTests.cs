using ImmichMl.Imaging.Wide;

namespace ImmichMl.Tests.Imaging;

public sealed class BilinearResizerTests
{
    [Test]
    public async Task A_resize_equals_OpenCV_to_the_last_bit_on_every_path()
    {
        List<string> wrong = [];
        var cases = GeometryGolden.Cases("pixels.json", "resize");
        foreach (var golden in cases)
        {
            using var source = FormulaPicture.Draw(golden[0].GetString()!, golden[1].GetInt32(), golden[2].GetInt32());
            int width = golden[3].GetInt32(), height = golden[4].GetInt32();
            foreach (var path in KernelPaths.Available)
            {
                using var target = Bitmap.Allocate(width, height);
                BilinearResizer.Resize(source, width, height, new RowBand(0, height), target, path);
                if (Sha256.Of(target.Pixels) != golden[5].GetString())
                {
                    wrong.Add($"{path} {golden}");
                }
            }
        }

        await Assert.That(cases.Length).IsGreaterThan(200);
        await Assert.That(wrong).IsEmpty();
    }

    [Test]
    public async Task The_best_path_of_the_machine_is_the_one_that_runs()
    {
        var expected = WideKernels.IsSupported ? KernelPath.Wide : KernelPath.Vector;
        await Assert.That(KernelPaths.Best).IsEqualTo(expected);
        using var source = FormulaPicture.Draw("noise", 300, 200);
        foreach (var path in KernelPaths.Available)
        {
            using var target = Bitmap.Allocate(211, 140);
            await Assert.That(BilinearResizer.Resize(source, 211, 140, new RowBand(0, 140), target, path)).IsEqualTo(path);
        }
    }

    [Test]
    public async Task What_lies_outside_the_resized_picture_stays_as_it_was()
    {
        using var source = FormulaPicture.Draw("noise", 50, 40);
        foreach (var (width, height) in new[] { (50, 40), (25, 20), (33, 29), (1, 1), (64, 64) })
        {
            using var whole = BilinearResizer.Resize(source, width, height);
            using var target = Bitmap.Allocate(71, 66);
            target.Pixels.Fill(9);
            BilinearResizer.Resize(source, width, height, target);
            for (var y = 0; y < target.Height; y++)
            {
                var inside = y < height ? width * 3 : 0;
                await Assert.That(y >= height || target.Row(y)[..inside].SequenceEqual(whole.Row(y))).IsTrue();
                await Assert.That(target.Row(y)[inside..].ContainsAnyExcept((byte)9)).IsFalse();
            }
        }
    }

    [Test]
    public async Task A_target_that_is_too_small_is_refused()
    {
        using var source = FormulaPicture.Draw("noise", 8, 8);
        using var target = Bitmap.Allocate(4, 4);
        await Assert.That(() => BilinearResizer.Resize(source, 5, 4, target)).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => BilinearResizer.Resize(source, 4, 5, target)).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => BilinearResizer.Resize(source, 0, 4, target)).Throws<ArgumentOutOfRangeException>();
    }
}
