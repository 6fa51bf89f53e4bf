using System.Diagnostics;
using System.Globalization;
using ImmichMl.Client;

namespace ImmichMl.Benchmarks.Daemon;

/// <summary>A published daemon as a child process on a socket of its own.</summary>
sealed class DaemonProcess : IDisposable
{
    readonly Process _process;

    DaemonProcess(Process process, string socketPath, TimeSpan toFirstPing)
    {
        _process = process;
        SocketPath = socketPath;
        ToFirstPing = toFirstPing;
    }

    public string SocketPath { get; }

    /// <summary>From starting the process to its first answer.</summary>
    public TimeSpan ToFirstPing { get; }

    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    public int Threads => Directory.GetDirectories($"/proc/{_process.Id}/task").Length;

    public static async Task<DaemonProcess> StartAsync(string binary, string? cache, params (string Name, string Value)[] settings)
    {
        string socket = Path.Combine(Path.GetTempPath(), $"immich-ml-bench-{Environment.ProcessId}-{Stopwatch.GetTimestamp()}.sock");
        var start = new ProcessStartInfo(binary) { RedirectStandardError = true };
        string[] arguments = ["serve", "--socket", socket, .. cache is null ? Array.Empty<string>() : ["--cache", cache]];
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.Environment["IMMICH_LOG_LEVEL"] = "error";
        Array.ForEach(settings, setting => start.Environment[setting.Name] = setting.Value);
        long since = Stopwatch.GetTimestamp();
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginErrorReadLine();
        while (true)
        {
            try
            {
                await using var client = new MlClient(new MlClientOptions { SocketPath = socket });
                await client.PingAsync();
                return new DaemonProcess(process, socket, Stopwatch.GetElapsedTime(since));
            }
            catch (MlConnectionException) when (!process.HasExited && Stopwatch.GetElapsedTime(since).TotalSeconds < 30)
            {
                await Task.Delay(1);
            }
        }
    }

    /// <summary>A line of /proc/PID/status in kB, such as VmRSS, RssAnon or VmHWM.</summary>
    public long Status(string name)
    {
        string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(SocketPath);
    }
}
