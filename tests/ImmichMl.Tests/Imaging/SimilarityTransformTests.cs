namespace ImmichMl.Tests.Imaging;

public sealed class SimilarityTransformTests
{
    internal static readonly Point2[] Template =
        [new(38.2946f, 51.6963f), new(73.5318f, 51.5014f), new(56.0252f, 71.7366f), new(41.5493f, 92.3655f), new(70.7299f, 92.2041f)];

    [Test]
    public async Task The_transform_is_the_one_that_Umeyama_finds()
    {
        double worst = 0;
        var cases = GeometryGolden.Cases("pixels.json", "similarity");
        foreach (var golden in cases)
        {
            await Assert.That(SimilarityTransform.TryEstimate(GeometryGolden.Points(golden[0]), Template, out var matrix)).IsTrue();
            double[] ours = [matrix.XX, matrix.XY, matrix.X, matrix.YX, matrix.YY, matrix.Y];
            worst = Math.Max(worst, ours.Zip(golden[1].EnumerateArray(), (our, their) => Math.Abs(our - their.GetDouble())).Max());
        }

        await Assert.That(cases.Length).IsGreaterThan(100);
        await Assert.That(worst).IsLessThan(1e-9);
    }

    [Test]
    public async Task Points_that_say_nothing_give_no_transform()
    {
        Point2 same = new(7.25f, 3);
        await Assert.That(SimilarityTransform.TryEstimate([same, same, same, same, same], Template, out _)).IsFalse();
        await Assert.That(SimilarityTransform.TryEstimate([new(float.NaN, 1), .. Template[1..]], Template, out _)).IsFalse();
        await Assert.That(SimilarityTransform.TryEstimate([new(float.PositiveInfinity, 1), .. Template[1..]], Template, out _)).IsFalse();
        await Assert.That(SimilarityTransform.TryEstimate(Template, [same, same, same, same, same], out _)).IsFalse();
    }

    [Test]
    public async Task Different_numbers_of_points_are_refused() =>
        await Assert.That(() => SimilarityTransform.TryEstimate(Template.AsSpan(0, 4), Template, out _))
            .Throws<ArgumentOutOfRangeException>();
}
