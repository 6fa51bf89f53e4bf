namespace ImmichMl.Benchmarks.Fuzzing;

/// <summary>
/// <c>fuzz --mutations N --seed S FOLDER…</c>: N damaged pictures for each codec in children that are watched: 30 s without progress is a
/// hang, 512 MiB resident is too much, an end before the last number is a crash. The child goes on behind what felled it. Exit code 1 where
/// anything was found.
/// </summary>
static class FuzzRun
{
    const long MostBytes = 512L * 1024 * 1024;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ["--mutations", var mutations, "--seed", var seed, .. { Length: > 0 } folders])
        {
            await Console.Error.WriteLineAsync("fuzz --mutations N --seed S FOLDER…");
            return 2;
        }

        var count = int.Parse(mutations, CultureInfo.InvariantCulture);
        var mutator = new Mutator(folders, ulong.Parse(seed, CultureInfo.InvariantCulture));
        Console.WriteLine($"{mutator.Files} files, {mutator.Truncations} truncations, {count} mutations for each codec, seed {seed}");
        var findings = 0;
        foreach (var codec in (CodecChoice[])[CodecChoice.Auto, CodecChoice.Skia, CodecChoice.Managed])
        {
            findings += await FuzzAsync(codec, seed, count, folders);
        }

        Console.WriteLine($"{findings} findings in {3 * count} mutations");
        return findings == 0 ? 0 : 1;
    }

    static async Task<int> FuzzAsync(CodecChoice codec, string seed, int end, string[] folders)
    {
        var watch = Stopwatch.StartNew();
        var verdicts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int findings = 0, next = 0;
        long peak = 0;
        while (next < end)
        {
            var child = new FuzzChild(codec, seed, next, end, folders);
            var (last, felled) = await child.WatchAsync(s_patience, MostBytes);
            peak = Math.Max(peak, child.PeakBytes);
            findings += child.Findings;
            foreach (var (verdict, count) in child.Verdicts)
            {
                verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + count;
            }

            if (felled is not null)
            {
                findings++;
                Console.WriteLine($"{codec} {felled} {last}");
            }

            next = felled is null ? end : last + 1;
        }

        var told = string.Join(", ", verdicts.Select(verdict => $"{verdict.Value} {verdict.Key}"));
        Console.WriteLine($"{codec}: {end} mutations in {watch.Elapsed.TotalSeconds:0} s, peak {peak >> 20} MiB: {told}");
        return findings;
    }
}
