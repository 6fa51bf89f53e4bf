namespace ImmichMl.Tests.Imaging;

public sealed class CorpusTests
{
    /// <summary>File, and why it does not come out as expect.json asks. An entry that begins to pass fails the test.</summary>
    static readonly Dictionary<string, string> KnownFailures = [];

    /// <summary>16-bit gray cut to its high byte, by Pillow and NumPy; the reference's own hash is of clipped values.</summary>
    static readonly Dictionary<string, string> HighBytes = new()
    {
        ["formats/gray16.png"] = "555e0f713844514e083e6f4f91ceec4cee7d7b602a42f84ce8b8cf22ffe8bec7",
        ["formats/gray16_trns.png"] = "5fd402f5d88888fac87d91d1ee4c0872ba327d29b004db398f58bc090436858d",
    };

    [Test]
    [MethodDataSource(typeof(CorpusCase), nameof(CorpusCase.All))]
    public async Task Every_file_of_the_corpus_is_read_or_refused_as_expected(CorpusCase entry)
    {
        var image = entry.Read();
        var problem = Judge(entry, image);
        if (KnownFailures.ContainsKey(entry.File))
        {
            await Assert.That(problem).IsNotNull().Because("it passes now: take it off the list of known failures");
            return;
        }

        await Assert.That(problem).IsNull();
    }

    /// <summary>Null, or what is wrong.</summary>
    static string? Judge(CorpusCase entry, byte[] image)
    {
        try
        {
            var header = ImageHeader.Read(image, new ImageLimits());
            using var bitmap = ImageDecoder.Decode(image, header);
            return entry.Verdict == "refuse" ? "It was read." : Compare(entry, bitmap, image);
        }
        catch (ImageException exception)
        {
            var expected = entry.Verdict == "either" || entry.Faults.Contains(exception.Fault);
            return expected ? null : $"{exception.Fault}: {exception.Message}";
        }
    }

    static string? Compare(CorpusCase entry, Bitmap bitmap, byte[] image)
    {
        if (entry.Width != 0 && (bitmap.Width, bitmap.Height) != (entry.Width, entry.Height))
        {
            return $"It is {bitmap.Width} x {bitmap.Height}.";
        }

        var hash = Sha256.Of(bitmap.Pixels);
        return (entry.Verdict, entry.Pixels) switch
        {
            (_, "exact") => hash == entry.RgbSha256 ? null : "The pixels differ.",
            (_, "high-byte") => hash == HighBytes[entry.File] ? null : "The pixels differ from the high bytes.",
            (_, "within-1") => Bmp565.Distance(image, bitmap) <= 1 ? null : "The pixels differ by more than 1.",
            (_, "size-only") => hash == entry.RgbSha256 ? null : "The pixels differ.", // Of what is under the transparent index.
            ("either", _) => entry.RgbSha256 is null || hash == entry.RgbSha256 ? null : "It was accepted and the pixels differ.",
            _ => $"There is no rule for {entry.Verdict} {entry.Pixels}.",
        };
    }
}
