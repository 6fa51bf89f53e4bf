namespace ImmichMl.Benchmarks.Readme;

/// <summary>What one side did in its turn.</summary>
/// <param name="Rate">Answers a second.</param>
/// <param name="Median">Milliseconds.</param>
/// <param name="Processor">Milliseconds of processor time for each answer; NaN where it was not looked at.</param>
sealed record Turn(double Rate, double Median, double Processor);

/// <summary><c>immich-ml bench</c> of the tree itself.</summary>
sealed class LoadGenerator(ReleaseTree tree, DaemonProcess daemon)
{
    public Task<Turn> RunAsync(int users, TimeSpan duration, params string[] mixAndMore) =>
        RunAsync(users, "--duration", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture), mixAndMore);

    public Task<Turn> CountAsync(int users, int requests, params string[] mixAndMore) =>
        RunAsync(users, "--count", requests.ToString(CultureInfo.InvariantCulture), mixAndMore);

    async Task<Turn> RunAsync(int users, string extent, string value, string[] mixAndMore)
    {
        string[] load = ["--users", users.ToString(CultureInfo.InvariantCulture), extent, value, "--warm-up", "1"];
        string[] arguments = ["bench", .. mixAndMore, .. load, "--json", "--socket", daemon.SocketPath];
        TimeSpan before = daemon.ProcessorTime;
        using Process bench = Process.Start(new ProcessStartInfo(tree.Daemon, arguments) { RedirectStandardOutput = true })!;
        string report = await bench.StandardOutput.ReadToEndAsync();
        await bench.WaitForExitAsync();
        double processor = (daemon.ProcessorTime - before).TotalMilliseconds;
        using var json = JsonDocument.Parse(report);
        JsonElement run = json.RootElement.GetProperty("runs")[0];
        JsonElement all = run.GetProperty("endpoints").EnumerateArray().Last();
        if (all.GetProperty("errors").EnumerateObject().FirstOrDefault() is { Value.ValueKind: JsonValueKind.Number } error)
        {
            throw new InvalidOperationException($"{error.Value} requests ended with {error.Name}");
        }

        // Warm-up included, as in the processor time.
        long answered = run.GetProperty("timeline").EnumerateArray().Sum(second => second.GetProperty("answered").GetInt64());
        double median = all.GetProperty("latencyMs").GetProperty("p50").GetDouble();
        return new Turn(run.GetProperty("requestsPerSecond").GetDouble(), median, processor / answered);
    }
}
