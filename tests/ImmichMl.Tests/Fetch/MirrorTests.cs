using System.IO.Compression;

namespace ImmichMl.Tests.Fetch;

/// <summary>Mirrors that do as they like: compress, trickle, tell no digests, list nonsense.</summary>
public sealed class MirrorTests
{
    const string Name = "ViT-B-32__openai";
    const string ModelFile = "visual/model.onnx";

    static Task<Finished> PullAsync(StandInHub hub, TempFolder cache) =>
        ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));

    static byte[] Compressed(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }

    static async Task<bool> IsTrueCopyAsync(StandInHub hub, TempFolder cache) =>
        (await File.ReadAllBytesAsync(cache.File("clip", Name, ModelFile))).AsSpan().SequenceEqual(hub.Files[ModelFile]);

    static byte[] BodyOf(StandInHub hub, HubAsked asked) => asked.Target.StartsWith("/api/") ? Encoding.UTF8.GetBytes(hub.TrueListing())
        : hub.Files.Single(file => asked.Target.EndsWith("/resolve/main/" + file.Key)).Value;

    [Test]
    [Arguments("[null]")]
    [Arguments("""[{"type":"file","path":null}]""")]
    public async Task A_listing_that_is_none_is_told_in_one_line(string listing)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        hub.Listing = listing;
        Finished pulled = await PullAsync(hub, cache);
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("listing"))).IsEqualTo((1, true)).Because(pulled.Errors);
        await Assert.That(pulled.Errors).DoesNotContain("   at ");
    }

    [Test]
    public async Task What_comes_compressed_though_nobody_asked_is_taken_for_what_it_holds()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        bool cut = false;
        hub.Before = async (asked, peer) =>
        {
            byte[] body = Compressed(BodyOf(hub, asked));
            await StandInHub.WriteHeadAsync(
                peer, asked.From > 0 ? "206 Partial Content" : "200 OK", "Content-Encoding: gzip", $"Content-Length: {body.Length}",
                $"Content-Range: bytes {asked.From}-{body.Length - 1}/{body.Length}");
            bool cuts = !cut && asked.Target.EndsWith(ModelFile);
            cut |= cuts;
            await peer.WriteAsync(body.AsMemory(0, cuts ? body.Length / 2 : body.Length));
            return true;
        };
        Finished pulled = await PullAsync(hub, cache);
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That(await IsTrueCopyAsync(hub, cache)).IsTrue();
    }

    [Test]
    [Arguments("br", "Content-Encoding 'br'")]
    [Arguments("gzip", "does not decompress")]
    public async Task What_is_encoded_otherwise_or_wrongly_is_told(string encoding, string said)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) =>
        {
            byte[] body = BodyOf(hub, asked);
            await StandInHub.WriteHeadAsync(peer, "200 OK", $"Content-Encoding: {encoding}", $"Content-Length: {body.Length}");
            await peer.WriteAsync(body);
            return true;
        };
        Finished pulled = await PullAsync(hub, cache);
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains(said))).IsEqualTo((1, true)).Because(pulled.Errors);
    }

    [Test]
    public async Task What_unpacks_to_more_than_was_listed_is_not_unpacked()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        byte[] bomb = Compressed(new byte[100 << 20]);
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.EndsWith(ModelFile))
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "200 OK", "Content-Encoding: gzip", $"Content-Length: {bomb.Length}");
            await peer.WriteAsync(bomb);
            return true;
        };
        Finished pulled = await PullAsync(hub, cache);
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("longer than the listing says"))).IsEqualTo((1, true))
            .Because(pulled.Errors);
    }

    [Test]
    public async Task Files_without_a_digest_are_told_from_those_that_were_verified()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        string listing = hub.TrueListing();
        int oid = listing.IndexOf(
            "\"oid\":\"", Math.Max(0, listing.IndexOf("preprocess_cfg", StringComparison.Ordinal) - 120), StringComparison.Ordinal);
        hub.Listing = listing.Remove(oid, "\"oid\":\"\",".Length + 40);
        await Assert.That((await PullAsync(hub, cache)).ExitCode).IsEqualTo(0);
        Finished verified = await ChildProgram.RunAsync(["models", "verify", Name], hub.Settings(cache));
        await Assert.That(verified.ExitCode).IsEqualTo(0).Because(verified.Output + verified.Errors);
        string[] lines = verified.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await Assert.That(lines.Single(line => line.Contains("visual"))).Contains("no digest: preprocess_cfg.json");
        await Assert.That(lines.Single(line => line.Contains("textual"))).Contains("ok, fetched");
    }

    static async Task<ModelDownload> DownloadAsync(StandInHub hub, TempFolder cache, HubClient client, HubOptions options)
    {
        var catalog = new ModelCatalog([new CatalogEntry { Name = Name, Task = "clip", Types = ["visual"], Repo = "o/r" }]);
        await Assert.That(hub.Asked).IsEmpty();
        var models = new ModelOptions { CacheFolder = cache.Path };
        return new ModelDownload(models, options, catalog, new ModelStore(models, catalog), client, (_, _) => { });
    }

    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task A_mirror_that_trickles_is_given_up_and_asked_again_and_not_for_ever(bool recovers)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.EndsWith(ModelFile) || (recovers && asked.From > 0))
            {
                return false;
            }

            byte[] body = hub.Files[ModelFile];
            await StandInHub.WriteHeadAsync(
                peer, asked.From > 0 ? "206 Partial Content" : "200 OK", $"Content-Length: {body.Length - asked.From}",
                $"Content-Range: bytes {asked.From}-{body.Length - 1}/{body.Length}");
            await TrickleAsync(peer, body.AsMemory((int)asked.From));
            return true;
        };
        var options = new HubOptions { Endpoint = hub.Address };
        using var client = new HubClient(options) { SpeedWindow = TimeSpan.FromMilliseconds(300) };
        ModelDownload download = await DownloadAsync(hub, cache, client, options);
        Task running = download.RunAsync(new ModelKey(ModelKind.ClipVisual, Name), replace: false, CancellationToken.None);
        if (recovers)
        {
            await running.Within();
            await Assert.That(await IsTrueCopyAsync(hub, cache)).IsTrue();
            return;
        }

        FetchException? given = await Assert.That(() => running.Within()).Throws<FetchException>();
        await Assert.That(given!.Message).Contains("too slowly");
    }

    /// <summary>Some 200 bytes a second.</summary>
    static async Task TrickleAsync(NetworkStream peer, ReadOnlyMemory<byte> body)
    {
        for (int at = 0; at < body.Length; at += 10)
        {
            await peer.WriteAsync(body.Slice(at, Math.Min(10, body.Length - at)));
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }
}
