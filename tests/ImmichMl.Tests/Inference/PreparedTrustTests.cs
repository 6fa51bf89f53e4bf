namespace ImmichMl.Tests.Inference;

/// <summary>When a copy is used and when one is made; whatever the answer is no, somebody is told why.</summary>
public sealed partial class PreparedTrustTests
{
    static readonly RuntimeOptions s_options = new() { PrepareLeaveFree = 0 };

    readonly List<string> _told = [];

    PreparedModels Prepared(TempFolder cache, RuntimeOptions? options = null) => new(
        new ModelOptions { CacheFolder = cache.Path }, options ?? s_options)
        {
            Missing = (_, _) => true,
            NotMade = (_, reason) => _told.Add(reason),
        };

    [Test]
    public async Task A_folder_of_copies_that_is_a_link_is_neither_read_nor_written()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        using var elsewhere = new TempFolder();
        PreparedModelTests.Embed(cache, out _);
        Directory.Move(cache.File(".prepared"), elsewhere.File("moved"));
        File.CreateSymbolicLink(cache.File(".prepared"), elsewhere.File("moved"));
        PreparedModels prepared = Prepared(cache);
        await Assert.That(prepared.Find(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache))).IsNull();
        PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared));
        await Assert.That(_told.All(reason => reason.Contains("is a link"))).IsTrue();
        await Assert.That(_told).IsNotEmpty();
        await Assert.That(prepared.Prepare(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache))).Contains("is a link");
    }

    [Test]
    [Arguments("weights.bin")]
    [Arguments("")]
    public async Task A_copy_that_belongs_to_somebody_else_or_that_everybody_may_write_is_not_used(string file)
    {
        using TempFolder cache = PreparedModelTests.Cache();
        PreparedModelTests.Embed(cache, out _);
        string path = Path.Combine(PreparedModelTests.CopyIn(cache), file);
        UnixFileMode before = File.GetUnixFileMode(path);
        File.SetUnixFileMode(path, before | UnixFileMode.OtherWrite);
        await Assert.That(Prepared(cache).Find(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache))).IsNull();
        await Assert.That(_told[^1]).Contains("everybody may write");
        File.SetUnixFileMode(path, before);
        await Assert.That(Prepared(cache).Find(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache))).IsNotNull();
        if (ChangeOwner(path, 12345, 12345) == 0)
        {
            await Assert.That(Prepared(cache).Find(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache))).IsNull();
            await Assert.That(_told[^1]).Contains("uid 12345");
        }
    }

    [Test]
    public async Task No_copy_is_begun_where_memory_does_not_suffice()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        PreparedModels prepared = Prepared(cache, new RuntimeOptions { PrepareLeaveFree = 0, AvailableMemory = () => 60_000_000 });
        PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared));
        await Assert.That(_told.Single()).StartsWith("memory is short: 60 MB");
        await Assert.That(Directory.Exists(cache.File(".prepared"))).IsFalse();
    }

    [Test]
    public async Task While_one_makes_a_copy_another_does_not()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        PreparedModelTests.Embed(cache, out _);
        string copy = PreparedModelTests.CopyIn(cache);
        Directory.Delete(copy, recursive: true);
        using (ModelLock.TryTakeAt(copy + ".lock", TimeProvider.System))
        {
            await Assert.That(Prepared(cache).Prepare(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache)))
                .Contains("another process");
        }

        await Assert.That(Prepared(cache).Prepare(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache)))
            .IsEqualTo(PreparedModels.Made);
    }

    [Test]
    public async Task A_try_that_failed_is_remembered_for_a_week_unless_somebody_asks_for_it()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        string source = cache.Write(new byte[17_000_000], "clip", PreparedModelTests.Key.Name, "visual", "model.onnx");
        PreparedModels prepared = Prepared(cache);
        await Assert.That(() => prepared.Prepare(PreparedModelTests.Key, source, isAskedFor: false)).Throws<ModelException>();
        string note = Directory.GetFiles(cache.File(".prepared"), "*.failed", SearchOption.AllDirectories).Single();
        await Assert.That(Prepared(cache).Prepare(PreparedModelTests.Key, source, isAskedFor: false)).Contains("an earlier try failed");
        File.SetLastWriteTimeUtc(note, Ago(TimeSpan.FromDays(8)));
        await Assert.That(() => prepared.Prepare(PreparedModelTests.Key, source, isAskedFor: false)).Throws<ModelException>();
        await Assert.That(() => prepared.Prepare(PreparedModelTests.Key, source)).Throws<ModelException>();
    }

    [Test]
    public async Task A_try_that_nobody_saw_the_end_of_is_not_repeated_within_the_hour()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        PreparedModelTests.Embed(cache, out _);
        string copy = PreparedModelTests.CopyIn(cache), source = PreparedModelTests.SourceIn(cache);
        Directory.Delete(copy, recursive: true);
        await File.WriteAllTextAsync(copy + ".failed", "begun");
        await Assert.That(Prepared(cache).Prepare(PreparedModelTests.Key, source, isAskedFor: false)).Contains("has not come to its end");
        File.SetLastWriteTimeUtc(copy + ".failed", Ago(TimeSpan.FromHours(2)));
        await Assert.That(Prepared(cache).Prepare(PreparedModelTests.Key, source, isAskedFor: false)).IsEqualTo(PreparedModels.Made);
        await Assert.That(File.Exists(copy + ".failed")).IsFalse();
    }

    static DateTime Ago(TimeSpan age) => (TimeProvider.System.GetUtcNow() - age).UtcDateTime;

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);
}
