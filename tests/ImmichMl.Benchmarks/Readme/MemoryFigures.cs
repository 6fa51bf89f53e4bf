namespace ImmichMl.Benchmarks.Readme;

/// <summary>A daemon of its own after work of every kind, and once its models have gone.</summary>
static class MemoryFigures
{
    const int Users = 8;

    /// <summary>Memory is given back 5 s after work.</summary>
    static readonly TimeSpan s_settled = TimeSpan.FromSeconds(15);

    public static async Task<IEnumerable<Row>> RunAsync(ReleaseTree tree, Workload work, Extent extent)
    {
        using DaemonProcess daemon = await work.StartAsync();
        await new LoadGenerator(tree, daemon).CountAsync(
            Users, extent.Mixed, "image=4", "text=2", "faces=2", "ocr=2", "--faces-model", SyntheticCache.Costly,
            "--pictures", Path.Combine(work.Corpus, "photos"), Path.Combine(work.Corpus, "text"));
        (string after, double most) = (Text(daemon.Process), daemon.Process.MostMegabytes);
        await Task.Delay(s_settled);
        string quiet = Text(daemon.Process);
        await using MlClient client = Workload.Connect(daemon);
        foreach (var model in (await client.GetModelsAsync()).Models.Where(model => model.State == "loaded"))
        {
            await client.UnloadAsync(new ModelAddress(model.Task, model.Type, model.ModelName));
        }

        await Task.Delay(s_settled);
        return
        [
            new Row(
                $"memory after {extent.Mixed} requests of {Users} users (CLIP, queries, faces, text)",
                $"{after}; at most {most:0} MB resident; {s_settled.TotalSeconds:0} s later {quiet}"),
            new Row($"memory {s_settled.TotalSeconds:0} s after all models were unloaded", Text(daemon.Process)),
        ];
    }

    static string Text(ProcessStatus process) =>
        $"{process.ProportionalMegabytes:0} MB (PSS; "
            + $"{process.ResidentMegabytes:0} MB resident, {process.AnonymousMegabytes:0} MB anonymous)";
}
