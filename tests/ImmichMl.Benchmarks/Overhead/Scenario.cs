namespace ImmichMl.Benchmarks.Overhead;

/// <summary>One kind of request, asked again and again.</summary>
/// <param name="Name">What is asked.</param>
/// <param name="Next">The next request.</param>
/// <param name="IsRight">Whether the answer is what it should be: a daemon that finds nothing has little to do.</param>
sealed record Scenario(string Name, Func<PredictRequest> Next, Func<PredictResult, bool> IsRight)
{
    const int WarmUp = 10;
    const int LeastRequests = 60;

    static readonly TimeSpan s_duration = TimeSpan.FromSeconds(8);

    /// <summary>One user: where the time goes, and what is allocated.</summary>
    public async Task MeasureAsync(MlClient client)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            await AskAsync(client);
        }

        RuntimeUse before = (await client.GetStatsAsync()).Runtime!;
        var answers = new List<Timings>();
        for (long since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < s_duration || answers.Count < LeastRequests;)
        {
            answers.Add((await AskAsync(client)).Timings);
        }

        RuntimeUse after = (await client.GetStatsAsync()).Runtime!;
        double Median(Func<Timings, double> of) => new Figures(answers.Select(of)).At(0.5);
        double decode = Median(one => one.Decode);
        double stages = decode + Median(one => one.Queue) + Median(one => one.Preprocess) + Median(one => one.Postprocess);
        ResidencyReport.Row(
            Name,
            $"model {Median(one => one.Inference):0.00} | decode {decode:0.00}, queue {Median(one => one.Queue):0.00}, preprocess {
            Median(one => one.Preprocess):0.00}, postprocess {Median(one => one.Postprocess):0.00} | {stages:0.00} | {
            Median(NotModel):0.00}, mean {answers.Average(NotModel):0.00} | {Allocated(before, after) / answers.Count / 1000:0.0} kB");
    }

    /// <summary>So many requests, and what the collector did.</summary>
    public async Task CollectAsync(MlClient client, int requests)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            await AskAsync(client);
        }

        RuntimeUse before = (await client.GetStatsAsync()).Runtime!;
        for (int i = 0; i < requests; i++)
        {
            await AskAsync(client);
        }

        RuntimeUse after = (await client.GetStatsAsync()).Runtime!;
        string collections = string.Join(", ", after.Collections.Zip(before.Collections, (now, then) => now - then));
        ResidencyReport.Row(Name, $"{requests} | {Allocated(before, after) / requests / 1000:0.0} kB | {collections}");
    }

    static double NotModel(Timings one) => one.Total - one.Inference;

    static double Allocated(RuntimeUse before, RuntimeUse after) => after.AllocatedBytes - before.AllocatedBytes;

    async Task<PredictResult> AskAsync(MlClient client)
    {
        PredictResult answer = await client.PredictAsync(Next());
        return IsRight(answer) ? answer : throw new InvalidOperationException($"{Name}: not what was drawn came back.");
    }
}
