using System.Text.RegularExpressions;

namespace ImmichMl.Tests.Cli;

/// <summary>The real Main in a process of its own, where no daemon is needed: exit codes and what is printed.</summary>
public sealed partial class CliTests
{
    [Test]
    [Arguments("", "serve predict embed ping health info models demo bench --version")]
    [Arguments("serve", "--socket --cache --config --print-config --json")]
    [Arguments("predict", "FILE --tasks --text --socket --timeout --json")]
    [Arguments("embed", "FILE --model --socket --timeout --json")]
    [Arguments("ping", "--socket --timeout --json")]
    [Arguments("health", "--socket --json")]
    [Arguments("info", "--socket --timeout --json")]
    [Arguments("models", "--cache --all --socket --timeout --json")]
    [Arguments("demo", "--json")]
    [Arguments("bench", "MIX --users --rate --ramp --warm-up --duration --count --socket --http --compare --pictures --json --html")]
    public async Task Help_names_everything_that_a_verb_takes(string verb, string words)
    {
        Finished help = await ChildProgram.RunAsync([.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        await Assert.That((help.ExitCode, help.Errors.Trim())).IsEqualTo((0, ""));
        foreach (string word in words.Split(' '))
        {
            await Assert.That(help.Output).Contains(word);
        }
    }

    [Test]
    public async Task The_version_is_three_numbers()
    {
        Finished version = await ChildProgram.RunAsync(["--version"]);
        await Assert.That(version.ExitCode).IsEqualTo(0);
        await Assert.That(version.Output).Matches(ThreeNumbers());
    }

    [Test]
    [Arguments(2, "frobnicate", "frobnicate")]
    [Arguments(2, "", "command")]
    [Arguments(2, "ping --frobnicate", "--frobnicate")]
    [Arguments(2, "ping --timeout soon", "soon")]
    [Arguments(2, "ping --timeout -1", "--timeout")]
    [Arguments(2, "ping --timeout 0", "--timeout")]
    [Arguments(2, "ping --timeout NaN", "--timeout")]
    [Arguments(2, "ping --timeout 1e300", "--timeout")]
    [Arguments(2, "ping --timeout 1,5", "'1,5' is not a number, such as 1.5")]
    [Arguments(2, "top --interval 1,5", "1,5")]
    [Arguments(2, "bench --duration 1,5", "1,5")]
    [Arguments(2, "bench --rate 1,000", "1,000")]
    [Arguments(2, "faces --min-score 0,5 x.jpg", "0,5")]
    [Arguments(2, "faces --min-score 5 x.jpg", "--min-score")]
    [Arguments(2, "ocr --min-score NaN x.jpg", "--min-score")]
    [Arguments(2, "embed", "FILE")]
    [Arguments(2, "embed /no/such/file", "/no/such/file")]
    [Arguments(2, "predict /no/such/file", "--tasks")]
    [Arguments(2, "predict --tasks nonsense --text x", "Invalid request format")]
    [Arguments(2, "predict --tasks [] --text x", "Invalid request format")]
    [Arguments(2, "predict --tasks {\"clip\":{\"visual\":{}}} --text x", "Invalid request format")]
    [Arguments(2, "predict --tasks {\"clip\":null} --text x", "Invalid request format")]
    [Arguments(2, "predict --tasks {}", "--text")]
    [Arguments(2, "predict --tasks {} /no/such/file --text x", "--text")]
    [Arguments(3, "models --cache /no/such/folder", "/no/such/folder")]
    [Arguments(3, "serve --config /no/such/file", "/no/such/file")]
    [Arguments(3, "serve --socket /no/such/folder/immich-ml.sock", "/no/such/folder")]
    [Arguments(4, "ping --socket /no/such/socket", "/no/such/socket")]
    [Arguments(4, "info --socket /no/such/socket", "/no/such/socket")]
    [Arguments(4, "models --socket /no/such/socket", "/no/such/socket")]
    [Arguments(4, "predict --tasks {} --text x --socket /no/such/socket", "/no/such/socket")]
    public async Task A_failure_has_its_exit_code_and_one_word_on_stderr_that_helps(int code, string arguments, string word)
    {
        Finished failed = await ChildProgram.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        await Assert.That(failed.ExitCode).IsEqualTo(code).Because(failed.Errors);
        await Assert.That(failed.Errors).Contains(word);
        await Assert.That(failed.Errors).DoesNotContain("   at ");
    }

    [Test]
    public async Task Health_without_a_daemon_is_1_and_says_why()
    {
        Finished text = await ChildProgram.RunAsync(["health", "--socket", "/no/such/socket"]);
        await Assert.That(text.ExitCode).IsEqualTo(1);
        await Assert.That(text.Output).StartsWith("unhealthy: ");
        Finished json = await ChildProgram.RunAsync(["health", "--socket", "/no/such/socket", "--json"]);
        await Assert.That(json.ExitCode).IsEqualTo(1);
        await Assert.That(json.Output).StartsWith("""{"healthy":false,"reason":"No connection""");
    }

    [Test]
    public async Task The_demo_finds_every_relative()
    {
        Finished demo = await ChildProgram.RunAsync(["demo"]);
        await Assert.That(demo.ExitCode).IsEqualTo(0).Because(demo.Errors);
        Match count = Relatives().Match(demo.Output);
        await Assert.That(count.Success).IsTrue().Because(demo.Output);
        await Assert.That(count.Groups["found"].Value).IsEqualTo(count.Groups["all"].Value);
        await Assert.That(count.Groups["all"].Value).IsNotEqualTo("0");
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+\s*$")]
    private static partial Regex ThreeNumbers();

    [GeneratedRegex(@"(?<found>\d+) of the (?<all>\d+) that have a relative found it first")]
    private static partial Regex Relatives();
}
