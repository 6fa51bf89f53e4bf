using BenchmarkDotNet.Running;
using ImmichMl.Benchmarks.Daemon;

namespace ImmichMl.Benchmarks;

/// <summary>
/// <c>daemon --binary PATH [--cache DIR] [--no-storms]</c> measures a published daemon from outside; everything else goes to BenchmarkDotNet
/// (<c>--filter '*'</c>). Figures that were kept stand in RESULTS.md.
/// </summary>
static class Program
{
    static async Task<int> Main(string[] args)
    {
        if (args is ["daemon", "--binary", var binary, .. var rest])
        {
            string? cache = rest is ["--cache", var folder, ..] ? Path.GetFullPath(folder) : null;
            await DaemonReport.RunAsync(Path.GetFullPath(binary), cache, storms: !rest.Contains("--no-storms"));
            return 0;
        }

        if (args is ["probe", var socket])
        {
            PingProbe.Run(socket);
            return 0;
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
