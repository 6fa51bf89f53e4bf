using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>The daemon beside ONNX Runtime alone, in turns, so that both see the same machine.</summary>
/// <param name="Bare">Medians of the rounds.</param>
/// <param name="Ours">Medians of the rounds.</param>
/// <param name="Ratio">Ours over bare, of answers a second: median of the rounds.</param>
/// <param name="Least">Of the rounds.</param>
/// <param name="Most">Of the rounds.</param>
sealed record Paired(Turn Bare, Turn Ours, double Ratio, double Least, double Most)
{
    public static async Task<Paired> RunAsync(int rounds, Func<Task<Turn>> bare, Func<Task<Turn>> ours)
    {
        var (theirs, own) = (new List<Turn>(), new List<Turn>());
        for (int round = 0; round <= rounds; round++)
        {
            bool isFirst = round % 2 == 0;
            Turn one = await (isFirst ? bare : ours)(), other = await (isFirst ? ours : bare)();

            // The first round warms.
            if (round > 0)
            {
                theirs.Add(isFirst ? one : other);
                own.Add(isFirst ? other : one);
            }
        }

        var ratios = new Figures(own.Zip(theirs, (a, b) => a.Rate / b.Rate));
        return new Paired(Median(theirs), Median(own), ratios.At(0.5), ratios.At(0), ratios.At(1));
    }

    /// <summary>A loop on each of so many threads, on inputs that are there already.</summary>
    public static async Task<Turn> BareAsync(InferenceSession session, int threads, TimeSpan turn, Func<OrtValue> input)
    {
        var milliseconds = new List<double>();
        long since = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using OrtValue value = input();
                using var options = new RunOptions();
                while (Stopwatch.GetElapsedTime(since) < turn)
                {
                    long start = Stopwatch.GetTimestamp();
                    session.Run(options, [session.InputNames[0]], [value], [session.OutputNames[0]]).Dispose();
                    lock (milliseconds)
                    {
                        milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }
                }
            },
            TaskCreationOptions.LongRunning)));
        return new Turn(milliseconds.Count / Stopwatch.GetElapsedTime(since).TotalSeconds, new Figures(milliseconds).At(0.5), double.NaN);
    }

    static Turn Median(List<Turn> turns)
    {
        double Of(Func<Turn, double> figure) => new Figures(turns.Select(figure)).At(0.5);
        return new Turn(Of(turn => turn.Rate), Of(turn => turn.Median), Of(turn => turn.Processor));
    }
}
