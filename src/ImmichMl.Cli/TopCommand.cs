using System.CommandLine;
using System.Text;

namespace ImmichMl.Cli;

/// <summary>immich-ml top: a live view of what the daemon does, by a few escape sequences of our own.</summary>
static class TopCommand
{
    const string Home = "\e[H";
    const string ToEndOfLine = "\e[K";
    const string ToEndOfScreen = "\e[J";

    public static Command Create()
    {
        Option<double> interval = new Option<double>("--interval")
        {
            Description = "Seconds between two looks", HelpName = "SECONDS", DefaultValueFactory = _ => 1,
            CustomParser = CommandLine.Number,
        }.Within(seconds => seconds is >= 0.1 and <= 3600, "0.1 to 3600 seconds");
        var once = new Option<bool>("--once") { Description = "Print one view and stop" };
        return new Command("top", "Show live what the daemon does: rates, times, models, memory, queue. Ctrl+C ends it.")
        {
            interval, once, CommandLine.Socket, CommandLine.Timeout,
        }.Does((arguments, cancellation) => RunAsync(
            arguments, TimeSpan.FromSeconds(arguments.GetValue(interval)), arguments.GetValue(once) || Console.IsOutputRedirected,
            cancellation));
    }

    static async Task<int> RunAsync(ParseResult arguments, TimeSpan interval, bool once, CancellationToken cancellation)
    {
        await using MlClient client = new(CommandLine.Connection(arguments));
        InfoResult info = await client.GetInfoAsync(cancellation);
        StatsResult before = await client.GetStatsAsync(cancellation);
        if (once)
        {
            Console.WriteLine(View(info, before, before, interval));
            return ExitCode.Ok;
        }

        try
        {
            while (true)
            {
                StatsResult now = await client.GetStatsAsync(cancellation);
                Draw(View(info, before, now, interval));
                before = now;
                await Task.Delay(interval, TimeProvider.System, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
    }

    /// <summary>Over what was drawn before.</summary>
    internal static void Draw(string view)
    {
        string fitting = Fit(view, Console.WindowWidth, Console.WindowHeight);
        Console.Write(Home + fitting.Replace("\n", $"{ToEndOfLine}\n", StringComparison.Ordinal) + ToEndOfLine + ToEndOfScreen);
    }

    internal static void Clear() => Console.Write(Home + ToEndOfScreen);

    /// <summary>What the terminal holds: a line that breaks, or one too many, would move all the others. 0 is a size not known.</summary>
    internal static string Fit(string view, int width, int height)
    {
        string[] lines = view.TrimEnd('\n').Split('\n');
        return string.Join(
            '\n', lines.Take(height > 0 ? height : lines.Length).Select(line => width > 0 && line.Length > width ? line[..width] : line));
    }

    static string View(InfoResult info, StatsResult before, StatsResult now, TimeSpan interval)
    {
        ModelAddress[] shown =
        [
            .. now.Models.Where(model => model.State is not ("absent" or "cached")).Select(AddressOf)
                .Union(now.Requests.Select(count => count.Model)),
        ];
        int widest = shown.Select(address => NameOf(address).Length).Append(20).Max();
        var text = new StringBuilder();
        text.Append($"immich-ml {info.Version}, pid {info.Pid}   ")
            .Append($"waiting {now.Queue.Interactive} interactive, {now.Queue.Background} background\n")
            .Append($"memory {ByteSize.Text(now.Memory.RssBytes)} resident, {ByteSize.Text(now.Memory.AnonBytes)} anonymous; ")
            .Append($"arenas hold {ByteSize.Text(now.Memory.ArenaBytes)}{Shortage(now.Pressure)}\n")
            .Append($"{info.Threads}\n\n")
            .Append($"{"model".PadRight(widest)} {"state",-8} {"size",8} {"idle s",6} {"ok",8} {"errors",6} ")
            .Append($"{"/s",6} {"mean ms",8} {"inference",9}\n");
        foreach (ModelAddress address in shown)
        {
            ModelStatus? status = now.Models.FirstOrDefault(model => AddressOf(model) == address);
            long ok = Count(now, address, isOk: true);
            LatencyHistogram? total = Histogram(now, address, "total");
            LatencyHistogram? inference = Histogram(now, address, "inference");
            double rate = (ok - Count(before, address, isOk: true)) / interval.TotalSeconds;
            text.Append($"{NameOf(address).PadRight(widest)} {status?.State ?? "",-8} {ByteSize.Text(status?.Bytes ?? 0),8} ")
                .Append($"{(status?.IdleMs ?? 0) / 1000,6} {ok,8} ")
                .Append($"{Count(now, address, isOk: false),6} {rate,6:0.0} {Mean(total),8:0.0} {Mean(inference),9:0.0}\n");
        }

        foreach (DownloadProgress download in now.Downloads)
        {
            text.Append($"downloading {Clean(download.ModelName)}: ")
                .Append($"{ByteSize.Text(download.Bytes)} of {ByteSize.Text(download.TotalBytes)}\n");
        }

        return text.ToString();
    }

    static string Shortage(PressureUse? pressure) => pressure is null or { Level: PressureUse.CalmLevel } ? ""
        : $"; memory is {Clean(pressure.Level)}, {ByteSize.Text(pressure.AvailableBytes)} left, {pressure.RequestsAtOnce} at once";

    static string NameOf(ModelAddress model) => $"{model.Task} {model.Type} {Clean(model.ModelName)}";

    static ModelAddress AddressOf(ModelStatus model) => new(model.Task, model.Type, model.ModelName);

    static long Count(StatsResult stats, ModelAddress model, bool isOk) =>
        stats.Requests.Where(count => count.Model == model && (count.Code == "ok") == isOk).Sum(count => count.Count);

    static LatencyHistogram? Histogram(StatsResult stats, ModelAddress model, string stage) =>
        stats.Latency.FirstOrDefault(histogram => histogram.Model == model && histogram.Stage == stage);

    static double Mean(LatencyHistogram? histogram) => histogram is { Count: > 0 } some ? some.SumMs / some.Count : 0;

    /// <summary>A name must not reach the terminal as an escape sequence.</summary>
    static string Clean(string name) => string.Concat(name.Where(letter => !char.IsControl(letter)));
}
