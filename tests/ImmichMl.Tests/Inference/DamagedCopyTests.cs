namespace ImmichMl.Tests.Inference;

/// <summary>A prepared copy that is no longer what was written never answers: the model itself does, and it is told.</summary>
public sealed class DamagedCopyTests
{
    static readonly RuntimeOptions s_options = new() { PrepareLeaveFree = 0, IntraOpThreads = 2 };

    public static IEnumerable<string> Damages() =>
        ["zeros", "all zeros", "one bit", "a thousand bits", "cut", "longer", "graph", "trial", "manifest", "no manifest line",
            "another model's", "emptied"];

    static async Task DamageAsync(string copy, string how)
    {
        string weights = Path.Combine(copy, "weights.bin");
        byte[] bytes = await File.ReadAllBytesAsync(weights);
        var numbers = new Lcg(7);
        switch (how)
        {
            case "zeros":
                bytes.AsSpan(bytes.Length / 3, 65_536).Clear();
                break;
            case "all zeros":
                bytes.AsSpan().Clear();
                break;
            case "one bit":
                bytes[bytes.Length / 2] ^= 1;
                break;
            case "a thousand bits":
                for (int i = 0; i < 1000; i++)
                {
                    bytes[numbers.Next(bytes.Length)] ^= (byte)(1 << numbers.Next(8));
                }

                break;
            case "cut":
                bytes = bytes[..^4096];
                break;
            case "longer":
                bytes = [.. bytes, .. new byte[4096]];
                break;
            case "emptied":
                bytes = [];
                break;
            case "graph":
                byte[] graph = await File.ReadAllBytesAsync(Path.Combine(copy, "model.onnx"));
                graph[graph.Length / 2] ^= 0xFF;
                await File.WriteAllBytesAsync(Path.Combine(copy, "model.onnx"), graph);
                return;
            case "trial":
                await File.WriteAllBytesAsync(Path.Combine(copy, "trial.bin"), new byte[64]);
                return;
            case "manifest":
                await File.WriteAllBytesAsync(Path.Combine(copy, "manifest.txt"), new byte[64]);
                return;
            case "no manifest line":
                await File.WriteAllLinesAsync(
                    Path.Combine(copy, "manifest.txt"), (await File.ReadAllLinesAsync(Path.Combine(copy, "manifest.txt")))[..2]);
                return;
            default:
                using (TempFolder other = PreparedModelTests.Cache())
                {
                    byte[] source = await File.ReadAllBytesAsync(PreparedModelTests.SourceIn(other));
                    source.AsSpan(source.Length / 2, 100_000).Clear();
                    await File.WriteAllBytesAsync(PreparedModelTests.SourceIn(other), source);
                    PreparedModelTests.Embed(other, out _);
                    foreach (string file in Directory.GetFiles(PreparedModelTests.CopyIn(other)))
                    {
                        File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
                    }
                }

                return;
        }

        await File.WriteAllBytesAsync(weights, bytes);
    }

    [Test]
    [MethodDataSource(nameof(Damages))]
    public async Task What_was_damaged_while_nobody_used_it_is_thrown_away_and_the_model_answers(string how)
    {
        using TempFolder cache = PreparedModelTests.Cache();
        float[] plain = PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options));
        PreparedModelTests.Embed(cache, out _);
        string copy = PreparedModelTests.CopyIn(cache);
        await DamageAsync(copy, how);
        PreparedModels prepared = Fresh(cache);
        string told = "";
        bool wanted = false;
        prepared.Discarded = (key, reason) => told = $"{key}: {reason}";
        prepared.Missing = (_, _) => wanted = true;
        float[] answer = PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared));
        await Assert.That(answer.SequenceEqual(plain)).IsTrue();
        await Assert.That(told).StartsWith(PreparedModelTests.Key.ToString());
        await Assert.That(Directory.Exists(copy)).IsFalse();
        await Assert.That(wanted).IsTrue();
    }

    /// <summary>Not "cut" and "emptied": what is mapped and no longer there ends a process, as ARCHITECTURE.md says.</summary>
    [Test]
    [Arguments("zeros")]
    [Arguments("all zeros")]
    [Arguments("a thousand bits")]
    public async Task What_is_damaged_in_use_is_noticed_by_the_request_that_meets_it(string how)
    {
        using TempFolder cache = PreparedModelTests.Cache();
        float[] plain = PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options));
        PreparedModelTests.Embed(cache, out _);
        PreparedModels prepared = Fresh(cache);
        string told = "";
        prepared.Discarded = (_, reason) => told = reason;
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(
            PreparedModelTests.Key, PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared),
            ImmichRules.Immich33.Clip);
        await Assert.That(AreNear(PreparedModelTests.Embed(encoder), plain)).IsTrue();
        string copy = PreparedModelTests.CopyIn(cache);
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(copy, "weights.bin"));
        await DamageInPlaceAsync(copy, how, before.Length);
        await Assert.That(AreNear(PreparedModelTests.Embed(encoder), plain)).IsTrue();
        await Assert.That(told).Contains("weights.bin");
        await Assert.That(Directory.Exists(copy)).IsFalse();
    }

    /// <summary>Into the file as it lies, never shorter meanwhile.</summary>
    static async Task DamageInPlaceAsync(string copy, string how, int length)
    {
        using var aside = new TempFolder();
        File.Copy(Path.Combine(copy, "weights.bin"), aside.File("weights.bin"));
        await DamageAsync(aside.Path, how);
        await using FileStream weights = new(
            Path.Combine(copy, "weights.bin"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        await weights.WriteAsync((await File.ReadAllBytesAsync(aside.File("weights.bin"))).AsMemory(0, length));
    }

    [Test]
    public async Task A_copy_that_was_only_touched_stays()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        PreparedModelTests.Embed(cache, out _);
        PreparedModels prepared = Fresh(cache);
        prepared.Discarded = (_, reason) => throw new InvalidOperationException(reason);
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(
            PreparedModelTests.Key, PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared),
            ImmichRules.Immich33.Clip);
        float[] before = PreparedModelTests.Embed(encoder);
        File.SetLastWriteTimeUtc(Path.Combine(PreparedModelTests.CopyIn(cache), "weights.bin"), DateTime.UnixEpoch);
        await Assert.That(AreNear(PreparedModelTests.Embed(encoder), before)).IsTrue();
        await Assert.That(Directory.Exists(PreparedModelTests.CopyIn(cache))).IsTrue();
    }

    /// <summary>Its digests are right and it has no trial: only the answer shows it.</summary>
    [Test]
    public async Task A_copy_that_gives_infinity_where_the_model_does_not_is_thrown_away_and_not_made_again()
    {
        using TempFolder cache = PreparedModelTests.Cache();
        float[] plain = PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options));
        PreparedModelTests.Embed(cache, out _);
        string copy = PreparedModelTests.CopyIn(cache), identity = (await File.ReadAllLinesAsync(Path.Combine(copy, "manifest.txt")))[1];
        byte[] weights = await File.ReadAllBytesAsync(Path.Combine(copy, "weights.bin"));
        for (int i = 0; i + 4 <= weights.Length; i += 4)
        {
            BitConverter.TryWriteBytes(weights.AsSpan(i), float.PositiveInfinity);
        }

        await File.WriteAllBytesAsync(Path.Combine(copy, "weights.bin"), weights);
        File.Delete(Path.Combine(copy, "trial.bin"));
        File.Delete(Path.Combine(copy, "manifest.txt"));
        PreparedCopy.Seal(copy, identity, trial: null, packedFrom: 0);
        PreparedModels prepared = Fresh(cache);
        string thrown = "", notMade = "";
        prepared.Discarded = (_, reason) => thrown = reason;
        prepared.NotMade = (_, reason) => notMade = reason;
        float[] answer = PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared));
        await Assert.That(answer.SequenceEqual(plain)).IsTrue();
        await Assert.That(thrown).Contains("not finite");
        await Assert.That(Directory.Exists(copy)).IsFalse();
        PreparedModelTests.Embed(PreparedModelTests.Store(cache), new SessionFactory(s_options, prepared));
        await Assert.That(notMade).Contains("an earlier try failed").And.Contains("not finite");
    }

    /// <summary>Then it is the model's own answer, and an error; the copy is as good as the model.</summary>
    [Test]
    public async Task A_model_that_gives_infinity_itself_keeps_its_copy()
    {
        using TempFolder cache = PreparedModelTests.Cache(scale: float.MaxValue);
        var options = new RuntimeOptions { PrepareLeaveFree = 0 };
        PreparedModels prepared = Fresh(cache);
        prepared.Discarded = (_, reason) => throw new InvalidOperationException(reason);
        prepared.Prepare(PreparedModelTests.Key, PreparedModelTests.SourceIn(cache));
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(
            PreparedModelTests.Key, PreparedModelTests.Store(cache), new SessionFactory(options, prepared),
            ImmichRules.Immich33.Clip);
        for (int i = 0; i < 2; i++)
        {
            InferenceException? error = await Assert.That(() => PreparedModelTests.Embed(encoder)).Throws<InferenceException>();
            await Assert.That(error!.Fault).IsEqualTo(InferenceFault.NotFinite);
        }

        await Assert.That(Directory.Exists(PreparedModelTests.CopyIn(cache))).IsTrue();
    }

    static bool AreNear(float[] some, float[] others) => some.Zip(others).All(pair => Math.Abs(pair.First - pair.Second) < 2e-5f);

    /// <summary>As after a start: nothing was looked at yet.</summary>
    static PreparedModels Fresh(TempFolder cache) =>
        new(new ModelOptions { CacheFolder = cache.Path }, s_options) { Missing = (_, _) => true };
}
