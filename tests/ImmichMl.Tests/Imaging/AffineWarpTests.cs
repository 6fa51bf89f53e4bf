using System.Text.Json;
using ImmichMl.Imaging;
using ImmichMl.Imaging.Warping;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Imaging;

public sealed class AffineWarpTests
{
    [Test]
    public async Task A_warp_equals_OpenCV_to_the_last_bit_over_any_matrix_on_every_path()
    {
        List<string> wrong = [];
        var cases = GeometryGolden.Cases("pixels.json", "warp");
        foreach (var golden in cases)
        {
            using var source = FormulaPicture.Draw(golden[0].GetString()!, golden[1].GetInt32(), golden[2].GetInt32());
            foreach (var path in PixelPaths.Available)
            {
                using var target = AffineWarp.Warp(source, Matrix(golden, 3), 112, 112, path);
                if (Sha256.Of(target.Pixels) != golden[9].GetString())
                {
                    wrong.Add($"{path} {golden}");
                }
            }
        }

        await Assert.That(cases.Length).IsGreaterThan(150);
        await Assert.That(wrong).IsEmpty();
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
