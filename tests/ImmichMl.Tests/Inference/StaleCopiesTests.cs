using ImmichMl.Models.Copies;

namespace ImmichMl.Tests.Inference;

/// <summary>Prepared copies that nobody can use any more go; all others stay.</summary>
public sealed class StaleCopiesTests
{
    static readonly DateTime s_now = new(2026, 11, 25, 0, 0, 0, DateTimeKind.Utc);

    [Test]
    [Arguments("cpu1/clip/here/visual/2.0-ab", 100, false)]
    [Arguments("cpu1/clip/here/visual/2.0-cd", 0, false)]
    [Arguments("cpu1/clip/here/visual/2.0-cd", 2, true)]
    [Arguments("cpu1/clip/here/visual/1.9-ab", 6, false)]
    [Arguments("cpu1/clip/here/visual/1.9-ab", 8, true)]
    [Arguments("cpu1/clip/gone/visual/2.0-ab", 0, true)]
    [Arguments("cpu2/clip/here/visual/2.0-ab", 6, false)]
    [Arguments("cpu2/clip/here/visual/1.9-ab", 8, true)]
    [Arguments("cpu1/clip/here/visual/new-77", 0, false)]
    [Arguments("cpu1/clip/here/visual/new-77", 1, true)]
    [Arguments("cpu1/clip/here/v2/visual/2.0-ab", 100, false)]
    [Arguments("cpu1/clip/here/v2/visual/2.0-cd", 2, true)]
    [Arguments("cpu1/clip/here/v3/visual/2.0-ab", 0, true)]
    [Arguments("cpu2/clip/here/v2/visual/2.0-ab", 6, false)]
    public async Task A_copy_stays_while_it_may_be_used(string copy, int daysUnused, bool goes)
    {
        using var cache = new TempFolder();
        cache.Write([1], "clip", "here", "visual", "model.onnx");
        cache.Write([1], "clip", "here", "v2", "visual", "model.onnx");
        string folder = Path.GetDirectoryName(cache.Write([1], [".prepared", .. copy.Split('/'), "weights.bin"]))!;
        Directory.SetLastWriteTimeUtc(folder, s_now.AddDays(-daysUnused));
        IReadOnlyList<string> removed = Copies(cache).Remove(s_now);
        await Assert.That(string.Join(",", removed)).IsEqualTo(goes ? copy : "");
        await Assert.That(Directory.Exists(folder)).IsEqualTo(!goes);

        // Folders that are empty then go as well, and the models are left alone.
        await Assert.That(Directory.Exists(cache.File(".prepared", copy.Split('/')[0]))).IsEqualTo(!goes);
        await Assert.That(File.Exists(cache.File("clip", "here", "visual", "model.onnx"))).IsTrue();
    }

    [Test]
    public async Task A_cache_without_copies_has_none_to_remove()
    {
        using var cache = new TempFolder();
        await Assert.That(Copies(cache).Remove(s_now)).IsEmpty();
    }

    [Test]
    public async Task What_is_remembered_of_a_failed_try_goes_after_a_week_and_a_link_is_not_followed()
    {
        using var cache = new TempFolder();
        using var elsewhere = new TempFolder();
        string failed = cache.Write("why"u8, ".prepared", "cpu1", "clip", "here", "visual", "2.0-ab.failed");
        string kept = elsewhere.Write("x"u8, "name", "visual", "2.0-ab", "weights.bin");
        File.CreateSymbolicLink(cache.File(".prepared", "cpu1", "linked"), elsewhere.Path);
        File.SetLastWriteTimeUtc(failed, s_now.AddDays(-6));
        Copies(cache).Remove(s_now);
        await Assert.That(File.Exists(failed)).IsTrue();
        File.SetLastWriteTimeUtc(failed, s_now.AddDays(-8));
        Copies(cache).Remove(s_now);
        await Assert.That(File.Exists(failed)).IsFalse();
        await Assert.That(File.Exists(kept)).IsTrue();
    }

    static StaleCopies Copies(TempFolder cache) =>
        new(cache.File(".prepared"), "cpu1", model => Directory.Exists(cache.File(model)) ? "2.0-ab" : null);
}
