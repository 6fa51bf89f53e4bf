using System.Text;

namespace ImmichMl.Cli;

/// <summary>What the terminal shows while it runs, drawn over itself as top does.</summary>
sealed class LiveView(Workload workload, Load load)
{
    bool _drawn;

    public void Draw(Progress progress)
    {
        RunReport run = progress.SoFar;
        Moment last = run.Moments[^1];
        TimeSpan before = load.Ramp + load.WarmUp;
        string phase = progress.Elapsed < load.Ramp ? $"ramp, {progress.Elapsed.TotalSeconds:0} of {load.Ramp.TotalSeconds:0} s"
            : progress.Elapsed < before ? $"warm-up, {progress.Elapsed.TotalSeconds:0} of {before.TotalSeconds:0} s"
            : load.Count is { } count ? $"measured {run.All.Latency.Count} of {count}"
            : $"measured {Math.Min(run.Seconds, load.Duration.TotalSeconds):0} of {load.Duration.TotalSeconds:0} s";
        var text = new StringBuilder($"{phase}   {workload.Mix}: {load}   {run.Target}{(run.Round > 0 ? $", round {run.Round}" : "")}\n\n")
            .Append(ReportText.Table(run)).Append('\n').Append(ReportText.Details(run.All))
            .Append($"now         {last.Throughput:0.0} req/s, p50 {last.P50:0.0}, p99 {last.P99:0.0} ms, {last.InFlight} open")
            .Append(last.MemoryBytes is { } memory ? $", server {ByteSize.Text(memory)} resident\n" : "\n");

        TopCommand.Draw(text.ToString());
        _drawn = true;
    }

    /// <summary>Makes way for the tables that come.</summary>
    public void Clear()
    {
        if (_drawn)
        {
            TopCommand.Clear();
        }
    }
}
