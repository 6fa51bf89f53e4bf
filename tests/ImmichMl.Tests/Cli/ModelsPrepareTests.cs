using ImmichMl.Tests.Inference;

namespace ImmichMl.Tests.Cli;

/// <summary>immich-ml models prepare, without a daemon.</summary>
public sealed class ModelsPrepareTests
{
    [Test]
    public async Task Copies_are_made_once_and_those_out_of_date_are_removed()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        Finished first = await PrepareAsync(cache);
        await Assert.That(first.ExitCode).IsEqualTo(0).Because(first.Errors);
        await Assert.That(first.Output).Contains($"{PreparedModelTests.Key}  prepared\n");
        string weights = Directory.GetFiles(cache.File(".prepared"), "weights.bin", SearchOption.AllDirectories).Single();
        string old = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(weights))!, "1.0.0.0-ab-cd");
        Directory.CreateDirectory(old);
        Directory.SetLastWriteTimeUtc(old, DateTime.UnixEpoch);
        Finished second = await PrepareAsync(cache, PreparedModelTests.Key.Name);
        await Assert.That(second.Output).Contains("is prepared already").And.Contains("removed ");
        await Assert.That(Directory.Exists(old)).IsFalse();
        await Assert.That(File.Exists(weights)).IsTrue();
        await Assert.That((await PrepareAsync(cache, "no-such-model")).ExitCode).IsEqualTo(3);
    }

    [Test]
    public async Task Models_that_cannot_be_had_in_int8_are_prepared_in_fp32_and_it_says_why()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        byte[] model = await File.ReadAllBytesAsync(PreparedModelTests.SourceIn(cache));
        cache.Write(model, "facial-recognition", "large__model", "recognition", "model.onnx");
        Finished made = await PrepareAsync(cache, "--precision", "int8");
        await Assert.That(made.ExitCode).IsEqualTo(0).Because(made.Errors);
        await Assert.That(made.Output).Contains($"{PreparedModelTests.Key}  prepared; it stays fp32, not int8: it has no layers")
            .And.Contains("prepared; it stays fp32, as all face recognizers do");
        Finished other = await PrepareAsync(cache, "--precision", "int4");
        await Assert.That(other.ExitCode).IsEqualTo(3);
        await Assert.That(other.Errors).Contains("MACHINE_LEARNING_PRECISION is not fp32, int8 or int8-fast");
    }

    [Test]
    public async Task A_short_disk_and_a_broken_model_are_told()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        Finished none = await ChildProgram.RunAsync(
            ["models", "prepare", "--cache", cache.Path], ("MACHINE_LEARNING_PREPARE_LEAVE_FREE", $"{long.MaxValue}"));
        await Assert.That(none.Output).Contains("the disk is short");
        await Assert.That(Directory.Exists(cache.File(".prepared"))).IsFalse();
        cache.Write(new byte[17_000_000], "clip", PreparedModelTests.Key.Name, "visual", "model.onnx");
        Finished broken = await PrepareAsync(cache);
        await Assert.That(broken.ExitCode).IsEqualTo(3);
        await Assert.That(broken.Output).Contains("cannot be prepared");
        await Assert.That(Directory.GetFiles(cache.File(".prepared"), "*.onnx", SearchOption.AllDirectories)).IsEmpty();
    }

    [Test]
    public async Task A_revisions_copy_is_made_beside_those_of_others_and_stays()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        string model = cache.File("clip", PreparedModelTests.Key.Name);
        Directory.Move(model, model + ".moved");
        Directory.CreateDirectory(model);
        Directory.Move(model + ".moved", Path.Combine(model, "v2"));
        Finished made = await PrepareAsync(cache, "--revision", "v2");
        await Assert.That(made.Output).Contains($"{PreparedModelTests.Key}  prepared\n").Because(made.Errors);
        await Assert.That(Directory.GetFiles(cache.File(".prepared"), "manifest.txt", SearchOption.AllDirectories).Single())
            .Contains($"/clip/{PreparedModelTests.Key.Name}/v2/visual/");
        Finished prepared = await PrepareAsync(cache, "--revision", "v2");
        await Assert.That(prepared.Output).Contains("is prepared already").And.DoesNotContain("removed");
        await Assert.That((await PrepareAsync(cache, PreparedModelTests.Key.Name)).Errors).Contains("revision v2 is there");
    }

    static Task<Finished> PrepareAsync(TempFolder cache, params string[] names) => ChildProgram.RunAsync(
        ["models", "prepare", .. names, "--cache", cache.Path], ("MACHINE_LEARNING_PREPARE_LEAVE_FREE", "0"));
}
