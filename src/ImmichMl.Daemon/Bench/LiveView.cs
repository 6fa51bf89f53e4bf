using System.Text;
using ImmichMl.Daemon.Commands;

namespace ImmichMl.Daemon.Bench;

/// <summary>What the terminal shows while it runs, drawn over itself by the escape sequences that top uses.</summary>
sealed class LiveView(Workload workload, Load load)
{
    const string Home = "\e[H";
    const string ToEndOfLine = "\e[K";
    const string ToEndOfScreen = "\e[J";

    bool _drawn;

    public void Draw(Progress progress)
    {
        TimeSpan before = load.Ramp + load.WarmUp;
        string phase = progress.Elapsed < load.Ramp ? $"ramp, {progress.Elapsed.TotalSeconds:0} of {load.Ramp.TotalSeconds:0} s"
            : progress.Elapsed < before ? $"warm-up, {progress.Elapsed.TotalSeconds:0} of {before.TotalSeconds:0} s"
            : load.Count is { } count ? $"measured {progress.Endpoints[^1].Latency.Count} of {count}"
            : $"measured {Math.Min(progress.Seconds, load.Duration.TotalSeconds):0} of {load.Duration.TotalSeconds:0} s";
        var text = new StringBuilder($"{workload.Mix}: {load}   {progress.Target}{(progress.Round > 0 ? $", round {progress.Round}" : "")}   {phase}\n\n")
            .Append(ReportText.Table(progress.Endpoints, progress.Seconds)).Append('\n').Append(ReportText.Details(progress.Endpoints[^1]))
            .Append($"now         {progress.Last.Throughput:0.0} req/s, p50 {progress.Last.P50:0.0}, p99 {progress.Last.P99:0.0} ms, {progress.Last.InFlight} open")
            .Append(progress.Last.MemoryBytes is { } memory ? $", server {Output.Bytes(memory)} resident\n" : "\n");
        Console.Write((_drawn ? "" : Home + ToEndOfScreen) + Home + text.ToString().Replace("\n", $"{ToEndOfLine}\n", StringComparison.Ordinal) + ToEndOfScreen);
        _drawn = true;
    }

    /// <summary>Leaves the place to the tables that come.</summary>
    public void Clear()
    {
        if (_drawn)
        {
            Console.Write(Home + ToEndOfScreen);
        }
    }
}
