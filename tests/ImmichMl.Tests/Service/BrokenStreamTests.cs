namespace ImmichMl.Tests.Service;

/// <summary>A verb whose streams take nothing. Closed descriptors are for natively published programs: .ci/badday.py.</summary>
public sealed class BrokenStreamTests
{
    [Test]
    [Arguments("2>/dev/full", 4, "ping --socket /nope")]
    [Arguments(">/dev/full 2>/dev/full", 4, "ping --socket /nope")]
    [Arguments("2>/dev/full", 2, "no-such-verb")]
    [Arguments(">/dev/full", 3, "models list --cache /nope")]
    [Arguments(">/dev/full", 3, "serve --print-config")]
    [Arguments(">/dev/full 2>/dev/full", 3, "serve --print-config")]
    [Arguments(">/dev/full", 1, "--help")]
    public async Task Exit_codes_stay_what_they_are_and_output_that_is_lost_is_a_failure(string streams, int code, string arguments)
    {
        Finished finished = await ChildProgram.RunThroughAsync(["sh", "-c", $"exec \"$@\" {streams}", "sh"], arguments.Split(' '));
        await Assert.That(finished.ExitCode).IsEqualTo(code).Because(finished.Errors);
    }
}
