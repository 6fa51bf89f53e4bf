namespace ImmichMl.Tests.Imaging;

public sealed class ResamplerTests
{
    [Test]
    [MethodDataSource(typeof(ResampleCase), nameof(ResampleCase.All))]
    public async Task A_resize_equals_Pillow_to_the_last_bit(ResampleCase golden)
    {
        using var source = FormulaPicture.Draw(golden.Picture, golden.Source.Width, golden.Source.Height);
        using var target = Resampler.Resize(source, golden.Target.Width, golden.Target.Height, golden.Filter);
        await Assert.That((target.Width, target.Height)).IsEqualTo(golden.Target);
        await Assert.That(Sha256.Of(target.Pixels)).IsEqualTo(golden.Sha256);
    }

    [Test]
    [Arguments(97, 61, 40, 30)]
    [Arguments(97, 61, 97, 30)]
    [Arguments(97, 61, 40, 61)]
    [Arguments(97, 61, 97, 61)]
    [Arguments(20, 31, 64, 90)]
    public async Task A_region_is_that_part_of_the_whole(int sourceWidth, int sourceHeight, int width, int height)
    {
        PixelRectangle[] regions =
            [new(0, 0, 1, 1), new(width - 1, height - 1, 1, 1), new(3, 5, 20, 11), new(0, 7, width, 9), new(9, 0, 7, height)];
        using var source = FormulaPicture.Draw("noise", sourceWidth, sourceHeight);
        foreach (var filter in Enum.GetValues<ResampleFilter>())
        {
            using var whole = Resampler.Resize(source, width, height, filter);
            foreach (var region in regions)
            {
                using var part = Resampler.Resize(source, width, height, filter, region);
                using var cut = Resampler.Resize(whole, width, height, filter, region);
                await Assert.That(part.Pixels.SequenceEqual(cut.Pixels)).IsTrue().Because($"{filter} {region}");
            }
        }
    }

    [Test]
    [Arguments(1, 65_500)]
    [Arguments(65_500, 1)]
    public async Task A_thin_picture_costs_what_its_middle_costs(int width, int height)
    {
        // The whole would have 224 x 14,672,000 pixels and could not be allocated.
        using var source = FormulaPicture.Draw("noise", width, height);
        var plan = CenterCrop.Plan(width, height, 224);
        using var middle = Resampler.Resize(source, plan.Width, plan.Height, ResampleFilter.Bicubic, plan.Region);
        await Assert.That((middle.Width, middle.Height)).IsEqualTo((224, 224));
        await Assert.That(middle.Pixels.ContainsAnyExcept(middle.Pixels[0])).IsTrue();
    }

    [Test]
    public async Task A_region_outside_the_target_is_refused()
    {
        PixelRectangle[] regions = [new(-1, 0, 2, 2), new(0, 3, 2, 2), new(0, 0, 5, 1), new(0, 0, 0, 1), new(int.MaxValue, 0, 2, 2)];
        using var source = FormulaPicture.Draw("noise", 8, 8);
        foreach (var region in regions)
        {
            await Assert.That(() => Resampler.Resize(source, 4, 4, ResampleFilter.Bilinear, region)).Throws<ArgumentOutOfRangeException>();
        }
    }
}
