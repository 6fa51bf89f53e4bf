using System.Xml.Linq;
using ImmichMl.Cli.Precisions;

namespace ImmichMl.Tests.Cli;

/// <summary>immich-ml parity --precision, and its page.</summary>
public sealed class PrecisionParityTests
{
    /// <summary>Each of these makes copies in several processes; the machine may have other work.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    static readonly (string, string?) s_anyDisk = ("MACHINE_LEARNING_PREPARE_LEAVE_FREE", "0");

    [Test]
    public async Task Both_towers_run_in_two_precisions_and_the_page_shows_what_a_user_named_as_text()
    {
        using TempFolder cache = RoundableClip.Cache(hasText: true);
        using TempFolder pictures = Pictures(14);
        pictures.Write("no picture"u8, "<b>none.jpg");
        string queries = cache.Write("a dog\n\na dog\n<script>alert('1')</script> & more\nsnow\n"u8, "queries.txt");
        string page = cache.File("page.html");
        Finished ended = await RunAsync(cache, "int8", ["--json", "--queries", queries, "--html", page, pictures.Path]);
        await Assert.That(ended.ExitCode).IsEqualTo(0).Because(ended.Errors);
        using JsonDocument json = JsonDocument.Parse(ended.Output);
        JsonElement root = json.RootElement;
        await Assert.That(string.Join(' ', new[] { "pictures", "leftOut", "texts" }.Select(name => root.GetProperty(name).GetInt32())))
            .IsEqualTo("14 1 3");
        await Assert.That(root.GetProperty("withoutTexts").ValueKind).IsEqualTo(JsonValueKind.Null);
        await Assert.That(root.GetProperty("residentBytes").GetInt64()).IsGreaterThan(10_000_000);
        await Assert.That(root.GetProperty("plainResidentBytes").GetInt64()).IsGreaterThan(10_000_000);
        foreach (JsonElement tower in root.GetProperty("towers").EnumerateArray())
        {
            await Assert.That(tower.GetProperty("gate").GetString()).Contains("int8: cosine to fp32 0.99").And.Contains("blockwise");
            await Assert.That(tower.GetProperty("meanCosine").GetDouble()).IsBetween(0.9985, 0.9999999);
            await Assert.That(tower.GetProperty("worstCosine").GetDouble())
                .IsLessThanOrEqualTo(tower.GetProperty("meanCosine").GetDouble());
            await Assert.That(tower.GetProperty("pureRecall").GetProperty("10").GetDouble()).IsBetween(0.9, 1);
            await Assert.That(tower.GetProperty("mixedRecall").GetProperty("10").GetDouble()).IsBetween(0.9, 1);
            await Assert.That(tower.GetProperty("timedPairs").GetInt32()).IsEqualTo(30);
            await Assert.That(tower.GetProperty("ms").GetDouble()).IsGreaterThan(0);
            long copy = tower.GetProperty("copyBytes").GetInt64(), plain = tower.GetProperty("plainCopyBytes").GetInt64();
            await Assert.That(copy).IsGreaterThan(1_000_000).And.IsLessThan(plain);
        }

        string html = await File.ReadAllTextAsync(page);
        XDocument.Parse(html);
        await Assert.That(html).Contains("14 pictures (1 left out").And.DoesNotContain("<script").And.DoesNotContain("<b>none")
            .And.DoesNotContain(pictures.Path);
    }

    [Test]
    public async Task A_copy_that_does_not_pass_ends_with_3_and_says_why_and_one_tower_alone_is_told()
    {
        using TempFolder cache = RoundableClip.Cache(hasText: false);
        using TempFolder pictures = Pictures(2);
        Finished refused = await RunAsync(cache, "int8-fast", [pictures.Path], ("MACHINE_LEARNING_PRECISION_LEAST_MEAN", "1"));
        await Assert.That(refused.ExitCode).IsEqualTo(3);
        await Assert.That(refused.Output).IsEqualTo("");
        await Assert.That(refused.Errors).StartsWith(
            $"immich-ml: clip visual {RoundableClip.Name} does not run in int8-fast here: it stays fp32, not int8-fast: ");

        // An earlier failure is no reason not to try where somebody asks.
        Finished passed = await RunAsync(cache, "int8-fast", [pictures.Path], ("MACHINE_LEARNING_PRECISION__CLIP__VISUAL", "fp32"));
        await Assert.That(passed.ExitCode).IsEqualTo(0).Because(passed.Errors);
        await Assert.That(passed.Output).StartsWith($"{RoundableClip.Name}: int8-fast beside fp32, on the CPU, 2 pictures, "
            + "no texts: the cache has no text model of this name\n").And.Contains("With fewer than 100 pictures this says little");
    }

    [Test]
    public async Task Who_stops_it_while_a_copy_is_made_leaves_no_failed_try_behind()
    {
        using TempFolder cache = RoundableClip.Cache(hasText: false);
        using TempFolder pictures = Pictures(1);
        string prepared = cache.File(".prepared");
        string[] Tries() =>
            Directory.Exists(prepared) ? Directory.GetFiles(prepared, "*.failed", SearchOption.AllDirectories) : [];
        await using var child = ChildProgram.Start(
            ["parity", "--precision", "int8", "--model", RoundableClip.Name, "--cache", cache.Path, pictures.Path], s_anyDisk);
        await Patience.UntilAsync(() => Tries().Length > 0);
        child.Terminate();
        await Assert.That((await child.EndAsync()).ExitCode).IsEqualTo(1);
        await Assert.That(Tries()).IsEmpty();
    }

    [Test]
    public async Task What_cannot_be_compared_is_refused_before_any_work()
    {
        string demo = Path.Combine(Repository.Root, "models", "demo"), picture = Repository.Golden("images", "rgb.png");
        using var folder = new TempFolder();
        string large = folder.Write(new byte[1_000_001], "large.txt");
        foreach (string[] wrong in (string[][])
            [["--precision", "int4"], ["--precision", "fp32"], ["--precision", "int8", "--faces"], ["--html", folder.File("page.html")],
            ["--precision", "int8", "--rules", "2.7,3.3"], ["--queries", large], ["--precision", "int8", "--queries", large],
            ["--precision", "int8", "--queries", folder.File("none.txt")], ["--precision", "int8", "--html", folder.File("none", "x.html")],
            ["--precision", "int8", "--model", "no-such"]])
        {
            Finished ended = await ChildProgram.RunAsync(["parity", .. wrong, "--cache", demo, picture]);
            await Assert.That((ended.ExitCode, ended.Output)).IsEqualTo((2, "")).Because(string.Join(' ', wrong) + ended.Errors);
        }

        Finished small = await RunAsync(demo, DemoModels.Name, "int8", [picture]);
        await Assert.That(small.ExitCode).IsEqualTo(3);
        await Assert.That(small.Errors).Contains("it has less than 16 MB");
    }

    [Test]
    public async Task The_page_shows_the_ten_searches_that_change_most_first_and_each_picture_once()
    {
        // Pictures along an arc. In the other precision the last ones of 20 have come to the first, so that all see some of them.
        TowerAnswers pictures = new(new ModelKey(ModelKind.ClipVisual, "m")), texts = new(new ModelKey(ModelKind.ClipTextual, "m"));
        for (int i = 0; i < 20; i++)
        {
            pictures.Add($"/secret/folder/\"{i}\" <i>&\u0001.jpg", At(i), At(i < 17 ? i : i - 17 + 0.4f));
        }

        texts.Add("stays <u>where</u> it is", At(5), At(5));
        texts.Add("<img src=x onerror='1'> looks elsewhere", At(0), At(19));
        var status = new ModelStatus { Task = "clip", Type = "visual", ModelName = "m", State = "loaded", CopyBytes = 5_000_000 };
        var result = new PrecisionResult(pictures, texts)
        {
            Precision = "int8", Copies = [status, status], PlainCopies = [status, status], Resident = 3, PlainResident = 9,
        };
        string html = new PrecisionPage(result, path => path.Contains('7') ? null : [1, 2, 3]).Write();
        XDocument page = XDocument.Parse(html);
        XElement[] shown = [.. page.Descendants("section")];
        await Assert.That(shown.Length).IsEqualTo(10);
        int[] lost = [.. shown.Select(one => one.Descendants("li").Count(found => (string?)found.Attribute("class") == "gone"))];
        await Assert.That(lost.SequenceEqual(lost.OrderDescending())).IsTrue();
        await Assert.That(lost.First()).IsGreaterThan(lost.Last());
        await Assert.That(shown.All(one => one.Descendants("li").Count() == 20)).IsTrue();
        await Assert.That(page.Descendants("q").Single().Value).IsEqualTo("<img src=x onerror='1'> looks elsewhere");
        await Assert.That(html).Contains("&lt;i&gt;&amp; .jpg").And.DoesNotContain("/secret/").And.DoesNotContain("\u0001");
        await Assert.That(html.Split("data:image/jpeg;base64,AQID").Length - 1).IsBetween(10, 18);
        await Assert.That(page.Descendants("span").Where(one => (string?)one.Attribute("class") == "pic none")).IsNotEmpty();
    }

    static PredictResult At(float place) => new()
    {
        ImageWidth = 1, ImageHeight = 1, Clip = [MathF.Cos(place / 10), MathF.Sin(place / 10)], Timings = new Timings(),
    };

    static TempFolder Pictures(int count)
    {
        var folder = new TempFolder();
        for (int i = 0; i < count; i++)
        {
            using Bitmap bitmap = Bitmap.Allocate(24, 16);
            var numbers = new Lcg((ulong)i + 1);
            foreach (ref byte value in bitmap.Pixels)
            {
                value = (byte)numbers.Next(256);
            }

            folder.Write(PictureFile.Encode(bitmap, PictureFormat.Png), $"{i:00}.png");
        }

        return folder;
    }

    static Task<Finished> RunAsync(TempFolder cache, string precision, string[] more, params (string, string?)[] settings) =>
        RunAsync(cache.Path, RoundableClip.Name, precision, more, settings);

    static async Task<Finished> RunAsync(
        string cache, string model, string precision, string[] more, params (string, string?)[] settings)
    {
        await using var child = ChildProgram.Start(
            ["parity", "--precision", precision, "--model", model, "--cache", cache, .. more], [s_anyDisk, .. settings]);
        return await child.EndAsync(s_patience);
    }
}
