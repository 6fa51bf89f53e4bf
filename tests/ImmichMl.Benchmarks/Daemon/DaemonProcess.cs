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

    public ProcessStatus Process => new(_process.Id);

    /// <summary>Of all its threads, and of no child.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    public int Threads => Directory.GetDirectories($"/proc/{_process.Id}/task").Length;

    public static async Task<DaemonProcess> StartAsync(string binary, string? cache, params (string Name, string Value)[] settings)
    {
        string socket = Path.Combine(Path.GetTempPath(), $"immich-ml-bench-{Environment.ProcessId}-{Stopwatch.GetTimestamp()}.sock");
        var start = new ProcessStartInfo(binary) { RedirectStandardError = true };
        string[] arguments = ["serve", "--socket", socket, .. cache is null ? Array.Empty<string>() : ["--cache", cache]];
        Array.ForEach(arguments, start.ArgumentList.Add);
        Clean(start);
        start.Environment["IMMICH_LOG_LEVEL"] = "error";
        Array.ForEach(settings, setting => start.Environment[setting.Name] = setting.Value);
        long since = Stopwatch.GetTimestamp();
        var process = System.Diagnostics.Process.Start(start)!;
        process.ErrorDataReceived += (_, line) => Console.Error.Write(line.Data is null ? "" : $"{line.Data}\n");
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

    /// <summary>What the caller's environment sets for a daemon or gateway of its own is not for one that is measured.</summary>
    public static void Clean(ProcessStartInfo start)
    {
        foreach (string name in start.Environment.Keys.ToArray())
        {
            if (name.StartsWith("MACHINE_LEARNING_", StringComparison.Ordinal) || name.StartsWith("IMMICH_", StringComparison.Ordinal))
            {
                start.Environment.Remove(name);
            }
        }
    }

    /// <summary>A line of /proc/PID/status in kB, such as VmRSS, RssAnon or VmHWM.</summary>
    public long Status(string name) => Process.Read(name);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(SocketPath);
    }
}
