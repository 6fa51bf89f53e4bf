using ImmichMl.Imaging.Codecs;
using ImmichMl.Tests.Support.Odd;
using Processor = System.Runtime.InteropServices.Architecture;

namespace ImmichMl.Tests.Imaging;

/// <summary>What Pillow reads of damaged and unusual pictures is read, to the same pixels, and what it refuses is refused.</summary>
public sealed class OddPictureTests
{
    const string Refused = "-";

    /// <summary>Where the pictures are written for tests/golden/odd/ask.py to ask Pillow about them; see SOURCES.md.</summary>
    static readonly string? s_written = Environment.GetEnvironmentVariable("IMMICH_ML_TEST_ODD_PICTURES");

    public static IEnumerable<string> Kinds() => OddPictures.Kinds;

    public static IEnumerable<string> SharedCases()
    {
        if (!SharedData.IsConfigured)
        {
            return ["(no shared cases)"];
        }

        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedData.File("cases", "expected.json")));
        return [.. document.RootElement.EnumerateObject().Select(entry => entry.Name)];
    }

    [Test]
    [MethodDataSource(nameof(Kinds))]
    public async Task Two_thousand_odd_pictures_come_out_as_they_do_from_Pillow(string kind)
    {
        Write(kind);
        var answers = File.ReadAllLines(Repository.Golden("odd", kind + ".txt"));
        await Assert.That(answers.Length).IsEqualTo(OddPictures.Count);
        await Assert.That(answers.Count(answer => answer != Refused)).IsGreaterThan(OddPictures.Count / 10);

        // Of damaged JPEG data Skia's libjpeg makes now and then other pixels, and libjpeg-turbo's vectors for ARM, under Pillow as here,
        // than for x86, which gave the answers: they overflow in another way. Whether there are any pixels is the same.
        var isJpeg = kind.StartsWith("jpeg", StringComparison.Ordinal);
        var own = Differences(kind, answers, CodecChoice.Auto);
        var mayOverflow = isJpeg && RuntimeInformation.ProcessArchitecture == Processor.Arm64;
        await Assert.That(own.Where(difference => !mayOverflow || difference.Contains(Refused, StringComparison.Ordinal))).IsEmpty();
        await Assert.That(own.Count).IsLessThan(OddPictures.Count / 50);
        var alone = Differences(kind, answers, CodecChoice.Skia);
        await Assert.That(alone.Where(difference => !isJpeg || difference.Contains(Refused, StringComparison.Ordinal))).IsEmpty();
        await Assert.That(alone.Count).IsLessThan(OddPictures.Count / 20);
    }

    [Test]
    [MethodDataSource(nameof(Kinds))]
    public async Task The_managed_codec_reads_nothing_that_Pillow_refuses_and_says_where_it_reads_less(string kind)
    {
        var answers = File.ReadAllLines(Repository.Golden("odd", kind + ".txt"));
        var wrong = new List<string>();
        for (var number = 0; number < OddPictures.Count; number++)
        {
            var ours = Answer(OddPictures.Make(kind, number), CodecChoice.Managed, out var fault);
            var isJpeg = kind.StartsWith("jpeg", StringComparison.Ordinal);
            var isFine = ours == answers[number]
                || (isJpeg && answers[number] != Refused && (ours != Refused || fault is ImageFault.Unsupported or ImageFault.Unreadable))
                || (kind == "bmp" && fault == ImageFault.Unsupported);
            if (!isFine)
            {
                wrong.Add($"{number}: {answers[number]}, here {ours} {fault}");
            }
        }

        await Assert.That(wrong).IsEmpty();
    }

    [Test]
    [MethodDataSource(nameof(SharedCases))]
    public async Task Pictures_seen_in_the_wild_come_out_as_they_do_from_Pillow(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedData.File("cases", "expected.json")));
        var expected = document.RootElement.GetProperty(name).GetProperty("rgb_sha256").GetString()!;
        var image = File.ReadAllBytes(SharedData.File("cases", "pictures", name));
        foreach (var choice in (CodecChoice[])[CodecChoice.Auto, CodecChoice.Skia])
        {
            await Assert.That(Answer(image, choice, out _)).IsEqualTo(expected[..12]).Because($"{choice}");
        }

        var isJpeg = name.EndsWith(".jpg", StringComparison.Ordinal);
        await Assert.That(Answer(image, CodecChoice.Managed, out _) == expected[..12] || isJpeg).IsTrue();
        await Assert.That(Answer(image, CodecChoice.Managed, out _)).IsNotEqualTo(Refused);
    }

    static List<string> Differences(string kind, string[] answers, CodecChoice choice)
    {
        var found = new List<string>();
        for (var number = 0; number < OddPictures.Count; number++)
        {
            var ours = Answer(OddPictures.Make(kind, number), choice, out var fault);
            if (ours != answers[number])
            {
                found.Add($"{number}: {answers[number]} here {ours} {fault}");
            }
        }

        return found;
    }

    /// <summary>The beginning of the pixels' hash.</summary>
    static string Answer(byte[] image, CodecChoice choice, out ImageFault? fault)
    {
        fault = null;
        try
        {
            using var bitmap = ImageDecoder.Decode(image, ImageHeader.Read(image, new ImageLimits()), choice);
            return Sha256.Of(bitmap.Pixels)[..12];
        }
        catch (ImageException exception)
        {
            fault = exception.Fault;
            return Refused;
        }
    }

    static void Write(string kind)
    {
        if (s_written is not { } folder)
        {
            return;
        }

        using var file = File.Create(Path.Combine(folder, kind + ".bin"));
        for (var number = 0; number < OddPictures.Count; number++)
        {
            var image = OddPictures.Make(kind, number);
            file.Write(OddPictures.Little(image.Length));
            file.Write(image);
        }
    }
}
