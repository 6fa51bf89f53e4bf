namespace ImmichMl.Tests.Imaging;

/// <summary>What the header check may cost: no memory for a good picture, and little time for any bytes at all.</summary>
public sealed class HeaderCostTests
{
    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task A_good_picture_allocates_nothing(GoldenImage golden)
    {
        var image = golden.Read();
        var limits = new ImageLimits();
        _ = ImageHeader.Read(image, limits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var header = ImageHeader.Read(image, limits);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await Assert.That(allocated).IsEqualTo(0);
        await Assert.That(header.Width).IsEqualTo(golden.Width);
    }

    [Test]
    [MethodDataSource(typeof(CorpusCase), nameof(CorpusCase.All))]
    public async Task Every_short_prefix_gives_a_verdict_at_once(CorpusCase entry)
    {
        var image = entry.Read();
        var limits = new ImageLimits();
        var verdicts = 0;

        var slowest = TimeSpan.Zero;
        for (var length = Math.Min(image.Length, 4096); length >= 0; length--)
        {
            // A busy machine may stop us in between, but hardly three times at one length.
            var took = Enumerable.Range(0, 3).Select(_ => Time(image, length, limits))
                .Where(time => time.TotalMilliseconds < 50).DefaultIfEmpty(TimeSpan.MaxValue).First();
            slowest = took > slowest ? took : slowest;
            verdicts++;
        }

        await Assert.That(verdicts).IsEqualTo(Math.Min(image.Length, 4096) + 1);
        await Assert.That(slowest).IsLessThan(TimeSpan.FromMilliseconds(50));
    }

    static TimeSpan Time(byte[] image, int length, ImageLimits limits)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            _ = ImageHeader.Read(image.AsSpan(0, length), limits);
        }
        catch (ImageException)
        {
        }

        return Stopwatch.GetElapsedTime(start);
    }

    [Test]
    [Arguments("49492A0008000000", "TIFF")]
    [Arguments("4D4D002A00000008", "TIFF")]
    [Arguments("49492B0008000000", "TIFF")]
    [Arguments("4D4D002B00080000", "TIFF")]
    [Arguments("FF0AFA1F", "JPEG XL")]
    [Arguments("0000000C4A584C200D0A870A", "JPEG XL")]
    [Arguments("FF4FFF510029", "JPEG 2000")]
    [Arguments("0000000C6A5020200D0A870A", "JPEG 2000")]
    [Arguments("000000186674797068656963", "HEIC")]
    [Arguments("0000001866747970" + "6D696631" + "00000000" + "6D69663168656963", "HEIC")]
    [Arguments("0000001866747970" + "6D696631" + "00000000" + "6D69663161766966", "AVIF")]
    [Arguments("000000186674797061766966", "AVIF")]
    [Arguments("00000018667479706D736631", "HEIF")]
    [Arguments("384250530001", "PSD")]
    [Arguments("384250530002", "PSD")]
    [Arguments("EFBBBF" + "3C737667", "SVG")]
    [Arguments("20200A" + "3C737667", "SVG")]
    [Arguments("3C3F786D6C2076657273696F6E3D22312E30223F3E0A3C737667", "SVG")]
    [Arguments("FFFE" + "3C007300760067002000", "SVG")]
    [Arguments("1F8B08", "gzip")]
    [Arguments("00000100010010100000", "ICO")]
    [Arguments("00000200010010100000", "CUR")]
    [Arguments("50360A3120310A", "PNM")]
    [Arguments("5046" + "0A3120310A", "PFM")]
    [Arguments("233F52414449414E43450A", "Radiance HDR")]
    [Arguments("255044462D312E37", "PDF")]
    [Arguments("00000200000000000000000010001000" + "1800", "TGA")]
    [Arguments("00000A00000000000000000010001000" + "2008", "TGA")]
    [Arguments("0101010000000118" + "0000000010001000" + "0800", "TGA")]
    [Arguments("FFD9", "no known image format")]
    public async Task A_refused_format_is_called_by_its_name(string start, string name)
    {
        var image = Convert.FromHexString(start);
        var refused = await Assert.That(() => { ImageHeader.Read(image, new ImageLimits()); }).Throws<ImageException>();
        await Assert.That((refused!.Fault, refused.Message.Contains(name, StringComparison.Ordinal)))
            .IsEqualTo((ImageFault.Unsupported, true))
            .Because(refused.Message);
    }
}
