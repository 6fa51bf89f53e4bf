using System.IO.Compression;
using ImmichMl.Imaging.Codecs;

namespace ImmichMl.Tests.Imaging;

/// <summary>Each decoder for itself, over the small pictures and the corpus.</summary>
public sealed class CodecTests
{
    /// <summary>What the managed codec does not give: the file, and the fault that says so.</summary>
    static readonly Dictionary<string, ImageFault> ManagedGaps = new()
    {
        ["formats/rle8.bmp"] = ImageFault.Unsupported,
        ["hostile/idat_extra.png"] = ImageFault.Unsupported,
    };

    [Test]
    [MethodDataSource(typeof(GoldenImage), nameof(GoldenImage.All))]
    public async Task Skia_and_libjpeg_turbo_give_Pillows_pixels(GoldenImage golden)
    {
        var image = golden.Read();
        var header = ImageHeader.Read(image, new ImageLimits());
        foreach (var choice in (CodecChoice[])[CodecChoice.Skia, CodecChoice.Turbo])
        {
            using var bitmap = ImageDecoder.Decode(image, header, choice);
            await Assert.That(Sha256.Of(bitmap.Pixels)).IsEqualTo(golden.Sha256).Because($"{choice}");
        }
    }

    [Test]
    [MethodDataSource(typeof(CorpusCase), nameof(CorpusCase.All))]
    public async Task Libjpeg_turbo_agrees_with_Skia_on_the_corpus(CorpusCase entry)
    {
        var image = entry.Read();
        await Assert.That(Outcome(image, CodecChoice.Turbo)).IsEqualTo(Outcome(image, CodecChoice.Skia));
    }

    [Test]
    [MethodDataSource(typeof(CorpusCase), nameof(CorpusCase.All))]
    public async Task The_managed_codec_is_close_to_Skia_where_it_reads_and_refuses_plainly_where_it_does_not(CorpusCase entry)
    {
        var image = entry.Read();
        ImageHeader header;
        try
        {
            header = ImageHeader.Read(image, new ImageLimits());
        }
        catch (ImageException)
        {
            return; // The header check is the same for all, and CorpusTests looks at it.
        }

        var gap = ManagedGaps.TryGetValue(entry.File, out var known) ? known : (ImageFault?)null;
        gap ??= header.Format == ImageFormat.WebP || entry.File.Contains("arith", StringComparison.Ordinal) ? ImageFault.Unsupported : null;
        await Assert.That(JudgeManaged(image, header, entry, gap)).IsNull();
    }

    [Test]
    public async Task A_jpeg_whose_data_ends_early_is_refused_by_turbo_or_left_to_Skia_with_the_same_verdict()
    {
        var image = GoldenImage.All().Single(golden => golden.Name == "baseline.jpg").Read();
        for (var cut = 2; cut < 60; cut += 3)
        {
            byte[] shorter = [.. image[..^cut], 0xFF, 0xD9];
            await Assert.That(Outcome(shorter, CodecChoice.Turbo)).IsEqualTo(Outcome(shorter, CodecChoice.Skia)).Because($"{cut}");
        }
    }

    [Test]
    public async Task The_managed_codec_refuses_a_png_with_a_wrong_checksum_missing_data_or_surplus_data()
    {
        var image = GoldenImage.All().Single(golden => golden.Name == "rgb.png").Read();
        var header = ImageHeader.Read(image, new ImageLimits());
        var data = image.AsSpan().IndexOf("IDAT"u8);
        image[data + 9] ^= 1;
        await Assert.That(() => ManagedCodec.Decode(image, header)).Throws<ImageException>();
        await Assert.That(FaultOf(Png(header, 73 * 17 - 1))).IsEqualTo(ImageFault.Unreadable);
        await Assert.That(FaultOf(Png(header, 73 * 17))).IsNull();
        await Assert.That(FaultOf(Png(header, 73 * 17 + 1))).IsEqualTo(ImageFault.Unsupported);

        var surplus = Png(header, 300_000_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = FaultOf(surplus);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await Assert.That(fault).IsEqualTo(ImageFault.Unsupported);
        await Assert.That(allocated).IsLessThan(8_000_000);
    }

    [Test]
    public async Task The_managed_codec_refuses_every_shortened_gif()
    {
        var image = GoldenImage.All().First(golden => golden.Name.EndsWith(".gif", StringComparison.Ordinal)).Read();
        var complete = image.Length;
        for (var length = image.Length - 1; length > 13; length--)
        {
            if (Outcome(image.AsSpan(0, length).ToArray(), CodecChoice.Managed) is var outcome && outcome.Length > 20)
            {
                await Assert.That(outcome).IsEqualTo(Outcome(image, CodecChoice.Skia));
                complete = length;
            }
        }

        await Assert.That(complete).IsGreaterThan(image.Length / 2);
    }

    /// <summary>The hash of the pixels, or the fault.</summary>
    static string Outcome(byte[] image, CodecChoice choice)
    {
        try
        {
            using var bitmap = ImageDecoder.Decode(image, ImageHeader.Read(image, new ImageLimits()), choice);
            return Sha256.Of(bitmap.Pixels);
        }
        catch (ImageException exception)
        {
            return $"{exception.Fault}";
        }
    }

    static string? JudgeManaged(byte[] image, ImageHeader header, CorpusCase entry, ImageFault? gap)
    {
        try
        {
            using var bitmap = ImageDecoder.Decode(image, header, CodecChoice.Managed);
            using var expected = ImageDecoder.Decode(image, header, CodecChoice.Skia);
            var (largest, mean) = Difference(bitmap, expected);
            var exact = header.Format != ImageFormat.Jpeg;
            return gap is not null ? "It was read."
                : entry.Pixels == "size-only" || entry.File == "formats/cmyk_noadobe.jpg" ? null
                : exact ? largest <= (entry.Pixels == "within-1" ? 1 : 0) ? null : $"The pixels differ by {largest}."
                : largest <= 30 && mean <= 0.15 ? null : $"The pixels differ by {largest}, {mean} in the mean.";
        }
        catch (ImageException exception)
        {
            return exception.Fault == gap || (gap is null && entry.Faults.Contains(exception.Fault)) || entry.Verdict == "either"
                ? null
                : $"{exception.Fault}: {exception.Message}";
        }
    }

    static (int Largest, double Mean) Difference(Bitmap one, Bitmap other)
    {
        ReadOnlySpan<byte> a = one.Pixels, b = other.Pixels;
        int largest = 0;
        long sum = 0;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = Math.Abs(a[i] - b[i]);
            largest = Math.Max(largest, difference);
            sum += difference;
        }

        return (largest, (double)sum / a.Length);
    }

    static ImageFault? FaultOf(byte[] image)
    {
        try
        {
            ImageDecoder.Decode(image, ImageHeader.Read(image, new ImageLimits()), CodecChoice.Managed).Dispose();
            return null;
        }
        catch (ImageException exception)
        {
            return exception.Fault;
        }
    }

    /// <summary>The header of a picture and so many bytes of black, compressed, in one IDAT.</summary>
    static byte[] Png(ImageHeader header, int bytes)
    {
        using var compressed = new MemoryStream();
        using (var deflate = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var block = new byte[1 << 16];
            for (var left = bytes; left > 0; left -= block.Length)
            {
                deflate.Write(block, 0, Math.Min(left, block.Length));
            }
        }

        byte[] size = [0, 0, 0, (byte)header.Width, 0, 0, 0, (byte)header.Height, 8, 2, 0, 0, 0];
        return [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n', .. Chunk("IHDR"u8, size),
            .. Chunk("IDAT"u8, compressed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] typed = [.. type, .. data];
        var crc = uint.MaxValue;
        foreach (var value in typed)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        var (length, sum) = ((uint)data.Length, ~crc);
        return
        [
            (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, .. typed,
            (byte)(sum >> 24), (byte)(sum >> 16), (byte)(sum >> 8), (byte)sum,
        ];
    }
}
