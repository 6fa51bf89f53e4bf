namespace ImmichMl.Benchmarks.Fuzzing;

/// <summary>
/// The child that may fall: says each number before it decodes it, and at the end what came out. An exception that is no ImageException is
/// told and survived; a crash, a hang and too much memory are for the parent to see.
/// </summary>
static class FuzzWorker
{
    const double SlowSeconds = 2;

    public static int Run(string[] folders, CodecChoice codec, ulong seed, int first, int end)
    {
        var mutator = new Mutator(folders, seed);
        var limits = new ImageLimits { MaxPixels = 50_000_000 };
        var verdicts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var number = first; number < end; number++)
        {
            Console.WriteLine(number);
            var image = mutator.Make(number);
            var start = Environment.CpuUsage.TotalTime;
            string verdict;
            try
            {
                var header = ImageHeader.Read(image, limits);
                using var bitmap = ImageDecoder.Decode(image, header, codec);
                verdict = $"read {header.Format}";
            }
            catch (ImageException refused)
            {
                verdict = $"{refused.Fault}";
            }
            catch (Exception exception)
            {
                verdict = "exception";
                Console.WriteLine($"exception {number} {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
            }

            // Time on the processor: a run in the background waits for others.
            var took = Environment.CpuUsage.TotalTime - start;
            if (took.TotalSeconds > SlowSeconds)
            {
                Console.WriteLine($"slow {number} {took.TotalSeconds:0.0} s, {verdict}");
            }

            verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + 1;
        }

        foreach (var (verdict, count) in verdicts)
        {
            Console.WriteLine($"verdict {count} {verdict}");
        }

        return 0;
    }
}
