namespace ImmichMl.Benchmarks.Readme;

/// <summary>
/// From unloaded to the first answer, files in the page cache: without a prepared copy, and with the one that the daemon has made
/// by itself after its first answers. Nobody asks for it here: that it comes unasked is the figure.
/// </summary>
static class ColdFigures
{
    public static async Task<IEnumerable<Row>> RunAsync(Workload work, Extent extent)
    {
        string plain = await FirstAnswersAsync(work, extent, false);
        string limit = ($"not prepared within {extent.PreparedWithin.TotalSeconds:0} s");
        TimeSpan? made = await PreparedAsync(work, extent.PreparedWithin);
        string prepared = made is null ? limit : await FirstAnswersAsync(work, extent, true);
        return
        [
            new Row("first answer of an unloaded CLIP model: a picture, a query", $"from a prepared copy {prepared}; without one {plain}"),
            new Row(
                "prepared copies of both towers, unasked",
                made is null ? limit : $"{made.Value.TotalSeconds:0} s after the first answers"),
        ];
    }

    static async Task<TimeSpan?> PreparedAsync(Workload work, TimeSpan limit)
    {
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient client = Workload.Connect(daemon);
        await client.PredictAsync(work.ImageRequest());
        await client.PredictAsync(work.Query());
        return await work.WaitForCopiesAsync(limit, Workload.Visual(), Workload.Textual());
    }

    static async Task<string> FirstAnswersAsync(Workload work, Extent extent, bool prepared)
    {
        using DaemonProcess daemon = await work.StartAsync(("MACHINE_LEARNING_PREPARE_MODELS", prepared ? "true" : "false"));
        await using MlClient client = Workload.Connect(daemon);
        double picture = await FirstAnswerAsync(client, Workload.Visual(), () => work.ImageRequest(), extent.ColdAnswers);
        double query = await FirstAnswerAsync(client, Workload.Textual(), () => work.Query(), extent.ColdAnswers);
        return ($"{picture:0.00}, {query:0.00} s");
    }

    /// <returns>Seconds, median. The first time is not counted: it reads the files.</returns>
    static async Task<double> FirstAnswerAsync(MlClient client, ModelAddress model, Func<PredictRequest> request, int times)
    {
        var seconds = new List<double>();
        for (int i = 0; i <= times; i++)
        {
            await client.UnloadAsync(model);
            long since = Stopwatch.GetTimestamp();
            await client.PredictAsync(request());
            seconds.Add(Stopwatch.GetElapsedTime(since).TotalSeconds);
        }

        return new Figures(seconds.Skip(1)).At(0.5);
    }
}
