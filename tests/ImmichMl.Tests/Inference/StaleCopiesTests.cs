using ImmichMl.Inference.Sessions;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Inference;

/// <summary>Prepared copies that nobody can use any more go; all others stay.</summary>
public sealed class StaleCopiesTests
{
    static readonly DateTime s_now = new(2026, 11, 25, 0, 0, 0, DateTimeKind.Utc);

    [Test]
    [Arguments("cpu1/clip/here/visual/2.0-ab", 100, false)]
    [Arguments("cpu1/clip/here/visual/1.9-ab", 0, true)]
    [Arguments("cpu1/clip/gone/visual/2.0-ab", 0, true)]
    [Arguments("cpu2/clip/here/visual/2.0-ab", 6, false)]
    [Arguments("cpu2/clip/here/visual/1.9-ab", 8, true)]
    [Arguments("cpu1/clip/here/visual/new-77", 0, false)]
    [Arguments("cpu1/clip/here/visual/new-77", 1, true)]
    public async Task A_copy_stays_while_it_may_be_used(string copy, int daysUnused, bool goes)
    {
        using var cache = new TempFolder();
        cache.Write([1], "clip", "here", "visual", "model.onnx");
        string folder = Path.GetDirectoryName(cache.Write([1], [".prepared", .. copy.Split('/'), "weights.bin"]))!;
        Directory.SetLastWriteTimeUtc(folder, s_now.AddDays(-daysUnused));
        IReadOnlyList<string> removed = new StaleCopies(cache.File(".prepared"), "cpu1", "2.0").Remove(s_now);
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
        await Assert.That(new StaleCopies(cache.File(".prepared"), "cpu1", "2.0").Remove(s_now)).IsEmpty();
    }
}
