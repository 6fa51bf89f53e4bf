namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Counts answers and their times by model: waiting, decoding and the total are the request's, the rest the model's own. A name that no
/// model has stands as an empty one, so that peers
/// cannot make it grow.
/// </summary>
sealed class Statistics
{
    const int MostModels = 256;

    // Names that may be made up, and what comes when there are many.
    static readonly ModelAddress s_others = new("-", "-", "-");

    static readonly double[] s_bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];
    static readonly Stage[] s_ownStages = [Stage.Preprocess, Stage.Inference, Stage.Postprocess];
    static readonly string[] s_stages = ["queue", "decode", "preprocess", "inference", "postprocess", "total"];

    readonly Lock _lock = new();
    readonly Dictionary<ModelAddress, Entry> _models = [];

    sealed class Entry
    {
        public Dictionary<string, long> Codes { get; } = [];

        public long[][] Counts { get; } = [.. s_stages.Select(_ => new long[s_bounds.Length + 1])];

        public double[] Sums { get; } = new double[s_stages.Length];

        public long Count { get; set; }
    }

    /// <summary>An answer with a result.</summary>
    /// <param name="tasks">What was asked for.</param>
    /// <param name="timings">The request's.</param>
    /// <param name="clock">Tells its tasks apart.</param>
    public void Add(IEnumerable<TaskEntry> tasks, Timings timings, StageClock clock)
    {
        lock (_lock)
        {
            foreach (TaskEntry task in tasks)
            {
                var kind = new ModelKind(task.Task, task.Type);
                double[] times =
                [
                    timings.Queue, timings.Decode, .. s_ownStages.Select(stage => clock.Of(kind, stage).TotalMilliseconds), timings.Total,
                ];
                Entry entry = EntryOf(new ModelAddress(task.Task, task.Type, task.ModelName));
                entry.Codes["ok"] = entry.Codes.GetValueOrDefault("ok") + 1;
                entry.Count++;
                for (int stage = 0; stage < times.Length; stage++)
                {
                    int bucket = Array.FindIndex(s_bounds, bound => times[stage] <= bound);
                    entry.Counts[stage][bucket < 0 ? s_bounds.Length : bucket]++;
                    entry.Sums[stage] += times[stage];
                }
            }
        }
    }

    /// <summary>An answer with an error.</summary>
    /// <param name="tasks">What was asked for.</param>
    /// <param name="code">The error.</param>
    /// <param name="isKnown">False where the names may be made up.</param>
    public void Add(IEnumerable<TaskEntry> tasks, string code, bool isKnown)
    {
        lock (_lock)
        {
            foreach (TaskEntry task in tasks)
            {
                Entry entry = EntryOf(isKnown ? new ModelAddress(task.Task, task.Type, task.ModelName) : s_others);
                entry.Codes[code] = entry.Codes.GetValueOrDefault(code) + 1;
            }
        }
    }

    Entry EntryOf(ModelAddress model)
    {
        ModelAddress address = _models.Count >= MostModels && !_models.ContainsKey(model) ? s_others : model;
        if (!_models.TryGetValue(address, out Entry? entry))
        {
            _models.Add(address, entry = new Entry());
        }

        return entry;
    }

    public (RequestCount[] Requests, LatencyHistogram[] Latency) Snapshot()
    {
        lock (_lock)
        {
            return (
                [.. _models.SelectMany(model => model.Value.Codes.Select(code => new RequestCount(model.Key, code.Key, code.Value)))],
                [.. _models.Where(model => model.Value.Count > 0).SelectMany(model => s_stages.Select((stage, i) => new LatencyHistogram
                {
                    Model = model.Key, Stage = stage, Count = model.Value.Count, SumMs = model.Value.Sums[i], BucketsMs = s_bounds,
                    Counts = [.. model.Value.Counts[i]],
                }))]);
        }
    }
}
