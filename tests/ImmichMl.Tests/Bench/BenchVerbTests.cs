namespace ImmichMl.Tests.Bench;

/// <summary>immich-ml bench as a user runs it: the program in a process of its own against another.</summary>
public sealed class BenchVerbTests
{
    static readonly string[] s_demo = ["--clip-model", DemoModels.Name, "--faces-model", DemoModels.Name, "--ocr-model", DemoModels.Name];

    static string Cache => Path.Combine(Repository.Root, "models", "demo");

    [Test]
    [Arguments("jpeg")]
    [Arguments("png")]
    [Arguments("webp")]
    public async Task A_run_prints_JSON_and_writes_its_page(string format)
    {
        using var folder = new TempFolder();
        await using ServedProgram served = await ServedProgram.StartAsync(Cache);
        string page = folder.File("report.html");
        Finished bench = await served.AskAsync(
            "bench",
            [
                "image=2", "text", .. s_demo, "--size", "320x200", "--format", format, "--distinct", "3", "--users", "2", "--count", "30",
                "--warm-up", "0", "--json", "--html", page, "--pid", $"{served.ProcessId}",
            ]);
        await Assert.That(bench.ExitCode).IsEqualTo(0).Because(bench.Errors);
        using JsonDocument json = JsonDocument.Parse(bench.Output);
        JsonElement run = json.RootElement.GetProperty("runs")[0];
        JsonElement all = run.GetProperty("endpoints")[2];
        await Assert.That(all.GetProperty("answered").GetInt64()).IsEqualTo(30);
        await Assert.That(run.GetProperty("peakMemoryBytes").GetInt64()).IsGreaterThan(10_000_000);
        await Assert.That(json.RootElement.GetProperty("load").GetProperty("distinctPictures").GetInt32()).IsEqualTo(3);
        await Assert.That(await File.ReadAllTextAsync(page)).Contains("</html>");
    }

    [Test]
    public async Task Two_targets_are_measured_in_turn_with_pictures_of_ones_own()
    {
        using var folder = new TempFolder();
        folder.Write(TestPicture.Bmp(100, 80), "pictures", "one.bmp");
        folder.Write(TestPicture.Bmp(80, 100), "pictures", "two.BMP");
        folder.Write([1, 2, 3], "pictures", "notes.txt");
        await using ServedProgram served = await ServedProgram.StartAsync(Cache);
        Finished bench = await ChildProgram.RunAsync(
            [
                "bench", "image", .. s_demo, "--pictures", folder.File(
                    "pictures"), "--compare", served.Socket, served.Socket, "--users", "1",
                "--count", "10", "--warm-up", "0",
            ]);
        await Assert.That(bench.ExitCode).IsEqualTo(0).Because(bench.Errors);
        await Assert.That(bench.Output).Contains("2 pictures, given");
        foreach (string name in (string[])["A1  ", "B1  ", "A2  ", "B2  ", "B / A"])
        {
            await Assert.That(bench.Output).Contains(name);
        }
    }

    [Test]
    public async Task Only_errors_is_a_failure_and_they_are_named()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(Cache);
        Finished bench = await served.AskAsync("bench", ["text", "--clip-model", "no-such-model", "--count", "5", "--warm-up", "0"]);
        await Assert.That(bench.ExitCode).IsEqualTo(1);
        await Assert.That(bench.Output).Contains("unknown_model 5");
    }

    [Test]
    [Arguments(2, "bench pictures", "pictures")]
    [Arguments(2, "bench image=0", "image=0")]
    [Arguments(2, "bench --users 0", "--users")]
    [Arguments(2, "bench --rate -1", "--rate")]
    [Arguments(2, "bench --count 0", "--count")]
    [Arguments(2, "bench --duration NaN", "--duration")]
    [Arguments(2, "bench --size 10", "--size")]
    [Arguments(2, "bench --size 0x10", "--size")]
    [Arguments(2, "bench --format tiff", "tiff")]
    [Arguments(2, "bench --http https://x", "https")]
    [Arguments(2, "bench --compare /a", "--compare")]
    [Arguments(2, "bench --http http://x --socket /y", "--http")]
    [Arguments(2, "bench --pid 1 --pid 2", "--pid")]
    [Arguments(2, "bench --header nonsense", "nonsense")]
    [Arguments(2, "bench --pictures /no/such/file", "/no/such/file")]
    [Arguments(2, "bench text --queries /no/such/file", "/no/such/file")]
    [Arguments(2, "bench text --html /no/such/folder/x.html", "/no/such/folder")]
    [Arguments(4, "bench text --socket /no/such/socket", "/no/such/socket")]
    [Arguments(4, "bench text --http http://127.0.0.1:1", "127.0.0.1:1")]
    public async Task A_wrong_word_has_its_exit_code_and_says_which(int code, string arguments, string word)
    {
        Finished failed = await ChildProgram.RunAsync(arguments.Split(' '));
        await Assert.That(failed.ExitCode).IsEqualTo(code).Because(failed.Errors);
        await Assert.That(failed.Errors).Contains(word);
        await Assert.That(failed.Errors).DoesNotContain("   at ");
    }
}
