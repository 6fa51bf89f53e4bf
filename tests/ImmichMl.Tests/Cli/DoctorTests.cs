namespace ImmichMl.Tests.Cli;

/// <summary>The doctor finds what is wrong, says what to do, and finds nothing where nothing is.</summary>
public sealed class DoctorTests
{
    static string Demo => Path.Combine(Repository.Root, "models", "demo");

    static async Task<(int ExitCode, (string About, string Verdict, string Found, string Advice)[] Findings)> AskAsync(
        IEnumerable<string> arguments, params (string, string?)[] environment)
    {
        Finished said = await ChildProgram.RunAsync(["doctor", "--json", .. arguments], environment);
        using var document = JsonDocument.Parse(said.Output);
        return (said.ExitCode,
        [
            .. document.RootElement.EnumerateArray().Select(finding => (
                finding.GetProperty("about").GetString()!, finding.GetProperty("verdict").GetString()!,
                finding.GetProperty("found").GetString()!, finding.GetProperty("advice").GetString()!)),
        ]);
    }

    [Test]
    public async Task With_a_daemon_and_models_nothing_is_bad_and_every_part_is_looked_at()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(Demo);
        (int code, var findings) = await AskAsync(["--socket", served.Socket, "--cache", Demo]);
        await Assert.That(findings.Where(finding => finding.Verdict == "bad" && finding.About != "memory")).IsEmpty();
        await Assert.That(code).IsEqualTo(findings.Any(finding => finding.Verdict == "bad") ? 3 : 0);
        await Assert.That(string.Join(' ', findings.Select(finding => finding.About).Distinct().Order(StringComparer.Ordinal)))
            .IsEqualTo("cache devices disk libraries memory models processor socket");
        await Assert.That(findings.Single(finding => finding.About == "socket").Found).Contains("answers and is ready");
    }

    [Test]
    public async Task Without_a_daemon_and_a_cache_both_are_named_with_what_to_do_and_the_exit_code_is_3()
    {
        using var folder = new TempFolder();
        (int code, var findings) = await AskAsync(["--socket", folder.File("none.sock"), "--cache", folder.File("none")]);
        await Assert.That(code).IsEqualTo(3);
        await Assert.That(findings.Single(finding => finding.About == "socket").Advice).Contains("immich-ml.socket");
        await Assert.That(findings.Single(finding => finding.About == "cache").Advice).Contains("MACHINE_LEARNING_CACHE_FOLDER");
    }

    [Test]
    public async Task A_model_to_preload_that_nobody_may_fetch_is_bad()
    {
        (int code, var findings) = await AskAsync(
            ["--cache", Demo], ("MACHINE_LEARNING_PRELOAD__CLIP__VISUAL", "ViT-B-32__openai"), ("MACHINE_LEARNING_DOWNLOAD", "off"));
        await Assert.That(code).IsEqualTo(3);
        await Assert.That(findings.Single(finding => finding is { About: "models", Verdict: "bad" }).Found).Contains("ViT-B-32__openai");
    }

    [Test]
    public async Task A_file_where_the_socket_should_be_is_told_from_a_daemon_that_is_ready()
    {
        using var folder = new TempFolder();
        (int code, var findings) = await AskAsync(["--socket", folder.Write("no socket"u8, "immich-ml.sock"), "--cache", Demo]);
        await Assert.That((code, findings.Single(finding => finding.About == "socket").Verdict)).IsEqualTo((3, "bad"));
    }
}
