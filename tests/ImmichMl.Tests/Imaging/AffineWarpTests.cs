using ImmichMl.Imaging.Wide;

namespace ImmichMl.Tests.Imaging;

public sealed class AffineWarpTests
{
    [Test]
    public async Task A_warp_equals_OpenCV_to_the_last_bit_over_any_matrix_on_every_path()
    {
        List<string> wrong = [];
        Dictionary<KernelPath, int> runs = [];
        var cases = GeometryGolden.Cases("pixels.json", "warp");
        foreach (var golden in cases)
        {
            using var source = FormulaPicture.Draw(golden[0].GetString()!, golden[1].GetInt32(), golden[2].GetInt32());
            foreach (var path in KernelPaths.Available)
            {
                using var target = AffineWarp.Warp(source, Matrix(golden, 3), 112, 112, path, out var ran);
                runs[ran] = runs.GetValueOrDefault(ran) + 1;
                if (Sha256.Of(target.Pixels) != golden[9].GetString())
                {
                    wrong.Add($"{path} {golden}");
                }
            }
        }

        await Assert.That(cases.Length).IsGreaterThan(150);
        await Assert.That(wrong).IsEmpty();
        foreach (var path in KernelPaths.Available)
        {
            await Assert.That(runs.GetValueOrDefault(path)).IsGreaterThan(50).Because($"{path} must be what ran");
        }
    }

    [Test]
    public async Task Where_the_source_reaches_everywhere_the_path_that_is_asked_for_is_the_one_that_runs()
    {
        using var source = FormulaPicture.Draw("noise", 320, 240);
        var matrix = new AffineMatrix(0.7, 0.2, -40, -0.2, 0.7, 20);
        using var expected = AffineWarp.Warp(source, matrix, 112, 112, KernelPath.Scalar, out _);
        foreach (var path in KernelPaths.Available)
        {
            using var target = AffineWarp.Warp(source, matrix, 112, 112, path, out var ran);
            await Assert.That(ran).IsEqualTo(path);
            await Assert.That(target.Pixels.SequenceEqual(expected.Pixels)).IsTrue().Because($"{path}");
        }

        AffineWarp.Warp(source, matrix, 112, 112, KernelPaths.Best, out var best).Dispose();
        await Assert.That(best).IsEqualTo(WideKernels.IsSupported ? KernelPath.Wide : KernelPath.Vector);
    }

    [Test]
    public async Task Sizes_and_matrices_by_chance_are_the_same_on_every_path()
    {
        var random = new Lcg(12);
        for (var i = 0; i < 400; i++)
        {
            using var source = FormulaPicture.Draw(i % 2 == 0 ? "noise" : "binary", 1 + random.Next(90), 1 + random.Next(90));
            double a = (random.Next(400) - 200) / 100d, b = (random.Next(400) - 200) / 100d;
            var matrix = new AffineMatrix(a, -b, random.Next(120) - 60, b, a, random.Next(120) - 60);
            int width = 1 + random.Next(120), height = 1 + random.Next(40);
            using var expected = AffineWarp.Warp(source, matrix, width, height, KernelPath.Scalar, out _);
            foreach (var path in KernelPaths.Available)
            {
                using var target = AffineWarp.Warp(source, matrix, width, height, path, out _);
                await Assert.That(target.Pixels.SequenceEqual(expected.Pixels)).IsTrue()
                    .Because($"{path} {source.Width} x {source.Height} {matrix}");
            }
        }
    }

    [Test]
    public async Task A_matrix_that_is_no_number_ends_in_a_picture_all_the_same()
    {
        using var source = FormulaPicture.Draw("noise", 20, 20);
        foreach (var odd in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.Epsilon })
        {
            using var target = AffineWarp.Warp(source, new(odd, 1, odd, 1, odd, odd), 112, 112);
            await Assert.That((target.Width, target.Height)).IsEqualTo((112, 112));
        }
    }

    static AffineMatrix Matrix(JsonElement numbers, int at) => new(
        numbers[at].GetDouble(), numbers[at + 1].GetDouble(), numbers[at + 2].GetDouble(),
        numbers[at + 3].GetDouble(), numbers[at + 4].GetDouble(), numbers[at + 5].GetDouble());
}
