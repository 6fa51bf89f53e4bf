namespace ImmichMl.Tests.Fetch;

/// <summary>Caches that cannot take a model, and several processes on one cache.</summary>
public sealed class CachePlaceTests
{
    const string Name = "ViT-B-32__openai";

    [Test]
    public async Task A_read_only_cache_is_told_and_the_exit_code_is_3()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        Finished pulled = await MountedAsync(cache, "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"", hub);
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("Read-only file system"))).IsEqualTo((3, true)).Because(pulled.Errors);
        await Assert.That(hub.Asked).IsEmpty();
    }

    [Test]
    public async Task A_disk_without_room_is_told_before_anything_is_fetched()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        Finished pulled = await MountedAsync(cache, "mount -t tmpfs -o size=2m none \"$1\"", hub);
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("MB are needed"))).IsEqualTo((3, true)).Because(pulled.Errors);
        await Assert.That(hub.Asked.All(asked => asked.Target.StartsWith("/api/"))).IsTrue();
    }

    [Test]
    public async Task A_disk_that_fills_up_on_the_way_is_told_and_nothing_lands()
    {
        // OCR files have no size in the catalogue, so that the check in front cannot see it; the digest is never reached.
        await using var hub = new StandInHub();
        hub.Before = async (_, peer) =>
        {
            await StandInHub.WriteHeadAsync(peer, "200 OK");
            for (int i = 0; i < 200; i++)
            {
                await peer.WriteAsync(new byte[1 << 20]);
            }

            return true;
        };
        using var cache = new TempFolder();
        Finished pulled = await MountedAsync(cache, "mount -t tmpfs -o size=80m none \"$1\"", hub, "CH__PP-OCRv5_mobile",
            "find \"$1\" -name model.onnx | sed s/^/LANDED/ >&2");
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("No space left on device"))).IsEqualTo((3, true)).Because(pulled.Errors);
        await Assert.That(pulled.Errors).DoesNotContain("LANDED");
    }

    [Test]
    public async Task A_link_out_of_the_cache_is_refused()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        using var outside = new TempFolder();
        Directory.CreateDirectory(cache.File("clip"));
        Directory.CreateSymbolicLink(cache.File("clip", Name), outside.Path);
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("leads out of the cache"))).IsEqualTo((3, true)).Because(pulled.Errors);
        await Assert.That(Directory.EnumerateFileSystemEntries(outside.Path)).IsEmpty();
        await Assert.That(hub.Asked).IsEmpty();
    }

    [Test]
    [Arguments("../../../etc/ViT-B-32__openai")]
    [Arguments("immich-app/ViT-B-32::openai")]
    public async Task A_name_with_a_path_is_cleaned_to_its_last_part(string name)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", name], hub.Settings(cache));
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That(File.Exists(cache.File("clip", Name, "visual", "model.onnx"))).IsTrue();
    }

    [Test]
    [Arguments("..")]
    [Arguments("clip/")]
    [Arguments("../..")]
    public async Task A_name_that_is_nothing_but_a_path_is_refused(string name)
    {
        using var cache = new TempFolder();
        await Assert.That((await ChildProgram.RunAsync(["models", "pull", name, "--cache", cache.Path])).ExitCode).IsEqualTo(2);
        await Assert.That((await ChildProgram.RunAsync(["models", "rm", name, "--cache", cache.Path])).ExitCode).IsEqualTo(2);
    }

    [Test]
    public async Task Many_pulls_at_once_fetch_each_file_once()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        Finished[] pulled = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache))));
        await Assert.That(pulled.Select(one => one.ExitCode)).All(code => code == 0);
        await Assert.That(hub.Asked.Where(asked => !asked.Target.StartsWith("/api/")).GroupBy(asked => asked.Target)
            .All(same => same.Count() == 1 || same.Key.EndsWith("config.json"))).IsTrue();
    }

    [Test]
    public async Task The_lock_of_a_process_that_died_is_free_and_that_of_a_living_one_is_not()
    {
        using var cache = new TempFolder();
        using (ModelLock held = ModelLock.TryTake(cache.Path, Place("visual"), TimeProvider.System)!)
        {
            await Assert.That(ModelLock.TryTake(cache.Path, Place("visual"), TimeProvider.System)).IsNull();
            using ModelLock? other = ModelLock.TryTake(cache.Path, Place("textual"), TimeProvider.System);
            await Assert.That(other).IsNotNull();
        }

        string file = cache.File(".partial", "clip", "x.visual.lock");
        using Process holder = Process.Start(new ProcessStartInfo("flock", [file, "sleep", "600"]))!;
        await Patience.UntilAsync(() =>
        {
            using ModelLock? free = ModelLock.TryTake(cache.Path, Place("visual"), TimeProvider.System);
            return free is null;
        });
        holder.Kill(entireProcessTree: true);
        using ModelLock taken = await ModelLock.TakeAsync(cache.Path, Place("visual"), TimeProvider.System, CancellationToken.None)
            .Within();
        byte[] owner = new byte[200];
        await Assert.That(System.Text.Encoding.UTF8.GetString(owner, 0, await OwnerAsync(file, owner)))
            .Contains($"{Environment.ProcessId}");
    }

    static ModelPlace Place(string type) => new(new ModelKind("clip", type), "x", ModelRevision.Main);

    /// <summary>Another process may read the file while it is locked; .NET's own readers ask for the lock.</summary>
    static async Task<int> OwnerAsync(string file, byte[] buffer)
    {
        using Process cat = Process.Start(new ProcessStartInfo("cat", [file]) { RedirectStandardOutput = true })!;
        return await cat.StandardOutput.BaseStream.ReadAtLeastAsync(buffer, 1);
    }

    /// <summary>'models pull' in a mount namespace of its own, where only root may mount.</summary>
    static async Task<Finished> MountedAsync(TempFolder cache, string mount, StandInHub hub, string name = Name, string after = ":")
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip.Test("Only root may mount.");
        }

        string pull = string.Join(' ', ChildProgram.Locate("immich-ml").Select(part => $"'{part}'"));
        var start = new ProcessStartInfo("unshare",
            ["-m", "sh", "-c", $"{mount} || exit 99; {pull} models pull '{name}'; code=$?; {after}; exit $code", "sh", cache.Path])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        ChildProgram.Clean(start, hub.Settings(cache));
        using Process child = Process.Start(start)!;
        Task<string> output = child.StandardOutput.ReadToEndAsync();
        string errors = await child.StandardError.ReadToEndAsync().Within();
        await child.WaitForExitAsync().Within();
        return new Finished(child.ExitCode, await output, errors);
    }
}
