namespace ImmichMl.Tests.Imaging;

/// <summary>Bytes go straight into an NHWC tensor, and are those of the bitmap that would lie between.</summary>
public sealed class PixelTensorTests
{
    [Test]
    [Arguments(97, 61)]
    [Arguments(61, 97)]
    [Arguments(640, 480)]
    public async Task A_resize_in_bands_is_the_bitmap_at_the_top_left(int width, int height)
    {
        using var source = FormulaPicture.Draw("noise", width, height);
        var region = new PixelRectangle(3, 5, 40, 31);
        using var expected = Resampler.Resize(source, 50, 44, ResampleFilter.Lanczos, region);
        var tensor = new byte[3 * 48 * 36];
        Array.Fill(tensor, (byte)9);
        foreach (var band in new[] { new RowBand(0, 10), new RowBand(10, 21) })
        {
            new PixelTensor(tensor, 48, 36).WriteResized(source, 50, 44, ResampleFilter.Lanczos, region, band);
        }

        await AssertAsync(tensor, 48, 36, expected, 9);
    }

    [Test]
    [Arguments(97, 61)]
    [Arguments(61, 97)]
    [Arguments(64, 64)]
    public async Task A_letterbox_in_bands_is_the_canvas(int width, int height)
    {
        using var source = FormulaPicture.Draw("noise", width, height);
        var plan = Letterbox.Plan(width, height, 64, 64, LetterboxRounding.ProductFirst);
        using var canvas = Letterbox.Apply(source, plan, 64, 64);
        var tensor = new byte[3 * 64 * 64];
        Array.Fill(tensor, (byte)9);
        foreach (var band in new[] { new RowBand(0, 7), new RowBand(7, 40), new RowBand(47, 17) })
        {
            new PixelTensor(tensor, 64, 64).WriteLetterboxed(source, plan, band);
        }

        await Assert.That(tensor.AsSpan().SequenceEqual(canvas.Pixels)).IsTrue();
    }

    [Test]
    public async Task A_text_line_has_its_padding_on_the_right()
    {
        using var line = FormulaPicture.Draw("noise", 30, 48);
        var tensor = new byte[3 * 224 * 48];
        new PixelTensor(tensor, 224, 48).Write(line, padding: 127);
        await AssertAsync(tensor, 224, 48, line, 127);
    }

    [Test]
    public async Task What_does_not_fit_is_refused()
    {
        using var source = FormulaPicture.Draw("noise", 30, 20);
        await Assert.That(() => { _ = new PixelTensor(new byte[10], 2, 2); }).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => new PixelTensor(new byte[3 * 29 * 20], 29, 20).Write(source, 0)).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => new PixelTensor(new byte[3 * 30 * 19], 30, 19).Write(source, 0)).Throws<ArgumentOutOfRangeException>();
    }

    static async Task AssertAsync(byte[] tensor, int width, int height, Bitmap picture, byte padding)
    {
        for (var y = 0; y < height; y++)
        {
            var row = tensor.AsSpan(3 * width * y, 3 * width).ToArray();
            var inside = y < picture.Height ? picture.Row(y).ToArray() : [];
            await Assert.That(row.AsSpan().StartsWith(inside)).IsTrue();
            await Assert.That(row.AsSpan(inside.Length).ContainsAnyExcept(padding)).IsFalse();
        }
    }
}
