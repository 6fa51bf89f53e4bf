using ImmichMl.Daemon.Results;
using ImmichMl.Inference.Requests;

namespace ImmichMl.Tests.Daemon;

/// <summary>Answers that are kept, by themselves.</summary>
public sealed class ResultCacheTests
{
    const int Keys = 100_000;

    static readonly ModelKind[] s_kinds = [.. ModelKind.All];

    /// <summary>One request, as far as its answer follows from it; two that are told alike have one answer.</summary>
    sealed record Case(byte[] Content, bool IsPicture, string Settings, PlannedTask[] Tasks, string[] Answering)
    {
        public ResultKey Key => ResultKey.Of(
            IsPicture ? ResultKey.OfPicture(Content) : ResultKey.OfText(Encoding.Latin1.GetString(Content)),
            IsPicture, Settings, Tasks, Answering);

        /// <summary>In other words than the key's: each value with its length.</summary>
        public string Told => string.Concat(
            new[] { Convert.ToHexString(Content), IsPicture ? "1" : "0", Settings }.Concat(Tasks.SelectMany((task, i) => new[]
            {
                task.Key.ToString(), $"{task.Arguments.MinScore:R}", $"{task.Arguments.MaxResolution}",
                $"{task.Arguments.ScoreMode}", task.Arguments.Language is { } language ? "=" + language : "", Answering[i],
            })).Select(value => $"{value.Length}:{value}"));
    }

    /// <summary>From a few values of everything, so that many differ in one thing; the content may be what stands around it.</summary>
    static Case Drawn(Lcg chance)
    {
        string[] texts = ["", "\n", "-", "a", "a\nb", "-1 -", "1 a", "fp32 x 1\n", "picture 3.3 off"];
        string Text() => texts[chance.Next(texts.Length)];
        var tasks = new PlannedTask[1 + chance.Next(2)];
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = new PlannedTask(
                new ModelKey(s_kinds[chance.Next(s_kinds.Length)], chance.Next(2) == 0 ? "one" : "one 2"),
                new TaskArguments
                {
                    MinScore = chance.Next(3) switch { 0 => null, 1 => 0.5, _ => 0.5 + 1e-15 },
                    MaxResolution = chance.Next(3) switch { 0 => null, 1 => 7, _ => 736 },
                    ScoreMode = chance.Next(2) == 0 ? TextScoreMode.Fast : TextScoreMode.Slow,
                    Language = chance.Next(3) == 0 ? null : Text(),
                });
        }

        byte[] content = chance.Next(2) == 0 ? Encoding.Latin1.GetBytes(Text()) : [(byte)chance.Next(256), (byte)chance.Next(256)];
        return new Case(
            content, chance.Next(2) == 0, $"{(chance.Next(2) == 0 ? "3.3" : "2.7")} {(chance.Next(2) == 0 ? "off" : "both")}", tasks,
            [.. tasks.Select(_ => $"{(chance.Next(2) == 0 ? "fp32" : "int8")} {Text()}")]);
    }

    [Test]
    public async Task Of_100_000_requests_that_are_nearly_alike_none_gets_anothers_answer()
    {
        var chance = new Lcg(22);
        var cache = new ResultCache(Keys, mostBytes: 1_000_000_000);
        var numbers = new Dictionary<string, int>();
        int wrong = 0, hits = 0, missed = 0;
        for (int i = 0; i < Keys; i++)
        {
            Case one = Drawn(chance);
            int? wanted = numbers.TryGetValue(one.Told, out int known) ? known : null;
            if (cache.TryGet(one.Key, out PredictResult? answer))
            {
                hits++;
                wrong += answer.ImageWidth == wanted ? 0 : 1;
                continue;
            }

            missed += wanted is null ? 0 : 1;
            numbers.Add(one.Told, i);
            cache.Put(one.Key, new PredictResult { ImageWidth = i, Timings = new Timings() });
        }

        await Assert.That(wrong).IsEqualTo(0);
        await Assert.That(missed).IsEqualTo(0);
        await Assert.That(hits).IsGreaterThan(100);
        await Assert.That(numbers.Count).IsGreaterThan(Keys / 2);
    }

    [Test]
    public async Task Of_100_000_random_pictures_none_gets_anothers_answer()
    {
        var chance = new Lcg(23);
        var cache = new ResultCache(Keys, mostBytes: 1_000_000_000);
        PlannedTask[] task = [new PlannedTask(new ModelKey(ModelKind.ClipVisual, "one"), TaskArguments.None)];
        byte[] bytes = new byte[64];
        for (int i = 0; i < Keys / 2; i++)
        {
            for (int at = 0; at < bytes.Length; at += sizeof(ushort))
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(at), (ushort)chance.Next(65_536));
            }

            // And one beside it that differs in a bit.
            foreach (int bit in new[] { 0, 1 << chance.Next(8) })
            {
                bytes[i % bytes.Length] ^= (byte)bit;
                var key = ResultKey.Of(ResultKey.OfPicture(bytes), isPicture: true, "3.3 off", task, ["fp32 one"]);
                if (cache.TryGet(key, out _))
                {
                    throw new InvalidOperationException($"Picture {i} was answered before it was ever seen.");
                }

                cache.Put(key, new PredictResult { ImageWidth = i, Timings = new Timings() });
            }
        }

        await Assert.That(cache.Use()!.Misses).IsEqualTo(Keys);
        await Assert.That(cache.Use()!.Entries).IsEqualTo(Keys);
    }

    [Test]
    public async Task Number_and_bytes_are_bounded_and_what_was_used_last_stays()
    {
        var few = new ResultCache(3);
        ResultKey[] keys = [.. Enumerable.Range(0, 5).Select(i => new ResultKey($"{i}"))];
        foreach (ResultKey key in keys[..3])
        {
            few.Put(key, Embedding(512));
        }

        await Assert.That(few.TryGet(keys[0], out _)).IsTrue();
        few.Put(keys[3], Embedding(512));
        await Assert.That(keys.Select(key => few.TryGet(key, out _)).SequenceEqual([true, false, true, true, false])).IsTrue();
        await Assert.That(few.Use()).IsEqualTo(new ResultCacheUse(3, few.Use()!.Bytes, 4, 2));
        await Assert.That(few.Use()!.Bytes).IsBetween(3 * 2048, 3 * 4096);

        var small = new ResultCache(1000, mostBytes: 100_000);
        for (int i = 0; i < 1000; i++)
        {
            small.Put(new ResultKey($"small {i}"), Embedding(512));
        }

        await Assert.That(small.Use()!.Bytes).IsBetween(90_000, 100_000);
        small.Put(keys[4], Embedding(2000));
        await Assert.That(small.TryGet(keys[4], out _)).IsFalse();
        small.Clear();
        await Assert.That((small.Use()!.Entries, small.Use()!.Bytes)).IsEqualTo((0, 0));

        var none = new ResultCache(0);
        none.Put(keys[0], Embedding(512));
        await Assert.That(none.Use()).IsNull();
        await Assert.That(none.TryGet(keys[0], out _)).IsFalse();
    }

    static PredictResult Embedding(int length) => new() { Clip = new float[length], Timings = new Timings() };
}
