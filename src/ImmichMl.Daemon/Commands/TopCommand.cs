using System.CommandLine;
using System.Text;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Daemon.Commands;

/// <summary>immich-ml top: a live view of what the daemon does, by a few escape sequences of our own.</summary>
static class TopCommand
{
    const string Home = "\e[H";
    const string ToEndOfLine = "\e[K";
    const string ToEndOfScreen = "\e[J";

    public static Command Create()
    {
        var interval = new Option<double>("--interval")
        {
            Description = "Seconds between two looks", HelpName = "SECONDS", DefaultValueFactory = _ => 1,
        };
        interval.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: var text }] && double.TryParse(text, out double seconds) && seconds is not (>= 0.1 and <= 3600))
            {
                given.AddError("--interval takes 0.1 to 3600 seconds.");
            }
        });
        var once = new Option<bool>("--once") { Description = "Print one view and stop" };
        return new Command("top", "Show live what the daemon does: rates, times, models, memory, queue. Ctrl+C ends it.")
        {
            interval, once, Cli.Socket, Cli.Timeout,
        }.Does((arguments, cancellation) => RunAsync(
            arguments, TimeSpan.FromSeconds(arguments.GetValue(interval)), arguments.GetValue(once) || Console.IsOutputRedirected, cancellation));
    }

    static async Task<int> RunAsync(ParseResult arguments, TimeSpan interval, bool once, CancellationToken cancellation)
    {
        await using MlClient client = Cli.Connect(arguments);
        InfoResult info = await client.GetInfoAsync(cancellation);
        StatsResult before = await client.GetStatsAsync(cancellation);
        if (once)
        {
            Console.WriteLine(View(info, before, before, interval));
            return Cli.Ok;
        }

        Console.Write(Home + ToEndOfScreen);
        try
        {
            while (true)
            {
                StatsResult now = await client.GetStatsAsync(cancellation);
                Console.Write(Home + View(info, before, now, interval).Replace("\n", $"{ToEndOfLine}\n", StringComparison.Ordinal) + ToEndOfScreen);
                before = now;
                await Task.Delay(interval, TimeProvider.System, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Cli.Ok;
        }
    }

    static string View(InfoResult info, StatsResult before, StatsResult now, TimeSpan interval)
    {
        var text = new StringBuilder();
        text.Append($"immich-ml {info.Version}, pid {info.Pid}   memory {Output.Bytes(now.Memory.RssBytes)} resident, {Output.Bytes(now.Memory.AnonBytes)} anonymous")
            .Append($"   waiting {now.Queue.Interactive} interactive, {now.Queue.Background} background\n{info.Threads}\n\n")
            .Append($"{"model",-58} {"state",-8} {"idle s",7} {"ok",9} {"errors",7} {"/s",7} {"mean ms",9} {"inference",9}\n");
        ModelAddress[] shown =
        [
            .. now.Models.Where(model => model.State is not ("absent" or "cached")).Select(AddressOf).Union(now.Requests.Select(count => count.Model)),
        ];
        foreach (ModelAddress address in shown)
        {
            ModelStatus? status = now.Models.FirstOrDefault(model => AddressOf(model) == address);
            long ok = Count(now, address, isOk: true);
            LatencyHistogram? total = Histogram(now, address, "total");
            LatencyHistogram? inference = Histogram(now, address, "inference");
            double rate = (ok - Count(before, address, isOk: true)) / interval.TotalSeconds;
            text.Append($"{$"{address.Task} {address.Type} {Clean(address.ModelName)}",-58} {status?.State ?? "",-8} {(status?.IdleMs ?? 0) / 1000,7} {ok,9} ")
                .Append($"{Count(now, address, isOk: false),7} {rate,7:0.0} {Mean(total),9:0.0} {Mean(inference),9:0.0}\n");
        }

        foreach (DownloadProgress download in now.Downloads)
        {
            text.Append($"downloading {Clean(download.ModelName)}: {Output.Bytes(download.Bytes)} of {Output.Bytes(download.TotalBytes)}\n");
        }

        return text.ToString();
    }

    static ModelAddress AddressOf(ModelStatus model) => new(model.Task, model.Type, model.ModelName);

    static long Count(StatsResult stats, ModelAddress model, bool isOk) =>
        stats.Requests.Where(count => count.Model == model && (count.Code == "ok") == isOk).Sum(count => count.Count);

    static LatencyHistogram? Histogram(StatsResult stats, ModelAddress model, string stage) =>
        stats.Latency.FirstOrDefault(histogram => histogram.Model == model && histogram.Stage == stage);

    static double Mean(LatencyHistogram? histogram) => histogram is { Count: > 0 } some ? some.SumMs / some.Count : 0;

    /// <summary>A name must not reach the terminal as an escape sequence.</summary>
    static string Clean(string name) => string.Concat(name.Where(letter => !char.IsControl(letter)));
}
