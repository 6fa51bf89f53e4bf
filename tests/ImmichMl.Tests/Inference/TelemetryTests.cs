namespace ImmichMl.Tests.Inference;

/// <summary>ONNX Runtime has telemetry compiled in and on; it must not get as far as a file.</summary>
public sealed class TelemetryTests
{
    [Test]
    public async Task A_program_that_runs_a_model_leaves_nothing_in_the_home_folder()
    {
        using var home = new TempFolder();
        using var temporary = new TempFolder();
        Finished demo = await ChildProgram.RunAsync(
            ["demo"], ("HOME", home.Path), ("TMPDIR", temporary.Path), ("XDG_CACHE_HOME", null), ("XDG_CONFIG_HOME", null),
            ("XDG_DATA_HOME", null),
            ("XDG_STATE_HOME", null), ("XDG_RUNTIME_DIR", null), ("ORT_DISABLE_TELEMETRY", null), ("DOTNET_EnableDiagnostics", "0"));
        await Assert.That(demo.ExitCode).IsEqualTo(0).Because(demo.Errors);
        await Assert.That(Directory.EnumerateFileSystemEntries(home.Path, "*", SearchOption.AllDirectories)).IsEmpty();
        await Assert.That(Directory.EnumerateFileSystemEntries(temporary.Path, "*", SearchOption.AllDirectories)).IsEmpty();
    }
}
