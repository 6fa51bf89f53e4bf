using System.CommandLine;
using System.Reflection;

namespace ImmichMl.Cli;

/// <summary>immich-ml bench: the load test, for this daemon and for whatever answers as Immich's own service does.</summary>
static class BenchCommand
{
    public static Command Create()
    {
        var options = new BenchOptions();
        var command = new Command("bench", """
        Measure throughput and latency of this daemon, or of any server that speaks Immich's HTTP.

        MIX says what is asked: text, image, faces, ocr, or several with weights, such as image=8 text=1.
        Users are counted as Locust counts them: each asks, waits for the answer, and asks again. --rate asks so often whatever comes back,
        and counts every request from the moment it was meant to start. Ctrl+C ends it early and still reports.
        """);
        foreach (Symbol symbol in options.All)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        return command.Does((arguments, cancellation) => RunAsync(options, arguments, cancellation));
    }

    static async Task<int> RunAsync(BenchOptions options, ParseResult arguments, CancellationToken cancellation)
    {
        BenchTarget[] targets = options.Targets(arguments);
        Load load = options.Load(arguments);
        (Workload workload, string pictures) = options.Workload(arguments);
        string? html = arguments.GetValue(options.Html);
        bool json = arguments.GetValue(CommandLine.Json);

        // Before the work, so that a path that will not do is told at once.
        using FileStream? report = html is null ? null : File.Create(html);
        var view = new LiveView(workload, load);
        bool live = !json && !arguments.GetValue(options.Quiet) && !Console.IsOutputRedirected;
        DateTimeOffset started = TimeProvider.System.GetUtcNow();
        var runs = new List<RunReport>();
        int rounds = targets.Length == 1 ? 1 : arguments.GetValue(options.Rounds);
        for (int i = 0; i < rounds * targets.Length && !cancellation.IsCancellationRequested; i++)
        {
            int round = targets.Length == 1 ? 0 : 1 + (i / targets.Length);
            var run = new BenchRun(targets[i % targets.Length], workload, load, TimeProvider.System);
            runs.Add(await run.RunAsync(round, live ? view.Draw : _ => { }, cancellation));
        }

        view.Clear();
        var result = new BenchResult
        {
            Started = started, Version = Version, Workload = workload, Load = load, Pictures = pictures, Runs = runs,
        };
        Console.WriteLine(json ? ReportJson.Write(result) : ReportText.Write(result));
        if (report is not null)
        {
            await using var writer = new StreamWriter(report);
            await writer.WriteAsync(ReportPage.Write(result));
        }

        return runs.Count > 0 && runs.All(run => run.All.Latency.Count > 0) ? ExitCode.Ok : ExitCode.OurFault;
    }

    static string Version =>
        typeof(BenchCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
}
