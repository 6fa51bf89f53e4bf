namespace ImmichMl.Tests.Imaging;

public sealed class LetterboxTests
{
    [Test]
    [Arguments(1440, 1080, 640, 480)]
    [Arguments(1080, 1440, 480, 640)]
    [Arguments(1000, 1000, 640, 640)]
    [Arguments(1437, 1079, 640, 480)]
    [Arguments(1079, 1437, 480, 640)]
    [Arguments(33, 900, 23, 640)]
    [Arguments(65_500, 1, 640, 1)]
    [Arguments(1, 65_500, 1, 640)]
    [Arguments(1, 1, 640, 640)]
    public async Task The_longer_side_fills_the_canvas_and_the_other_is_cut(int width, int height, int newWidth, int newHeight)
    {
        var plan = Letterbox.Plan(width, height, 640, 640);
        await Assert.That(plan).IsEqualTo(new LetterboxPlan(newWidth, newHeight, (double)newHeight / height));
    }

    [Test]
    [Arguments(100, 100, 320, 320)]
    [Arguments(200, 100, 640, 320)]
    [Arguments(300, 100, 640, 213)]
    public async Task A_canvas_may_be_oblong(int width, int height, int newWidth, int newHeight)
    {
        var plan = Letterbox.Plan(width, height, 640, 320);
        await Assert.That((plan.Width, plan.Height)).IsEqualTo((newWidth, newHeight));
    }

    [Test]
    public async Task The_rest_of_the_canvas_is_black()
    {
        foreach (var (width, height) in new[] { (97, 61), (61, 97), (80, 80) })
        {
            using var source = FormulaPicture.Draw("noise", width, height);
            var plan = Letterbox.Plan(width, height, 64, 64);
            using var picture = BilinearResizer.Resize(source, plan.Width, plan.Height);
            using var canvas = Letterbox.Apply(source, plan, 64, 64);
            for (var y = 0; y < 64; y++)
            {
                var inside = y < plan.Height ? picture.Row(y).ToArray() : [];
                await Assert.That(canvas.Row(y).StartsWith(inside)).IsTrue();
                await Assert.That(canvas.Row(y)[inside.Length..].ContainsAnyExcept((byte)0)).IsFalse();
            }
        }
    }
}
