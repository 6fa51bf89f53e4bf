namespace ImmichMl.Benchmarks.Daemon;

/// <summary>
/// Pings every few milliseconds from a process of its own, so that neither the collector nor the thread pool of the load beside it
/// is in the figure.
/// </summary>
sealed class PingProbe : IDisposable
{
    const int WarmUp = 200;

    readonly Process _process;

    PingProbe(Process process) => _process = process;

    /// <summary>Returns once the probe is warm.</summary>
    public static async Task<PingProbe> StartAsync(string socketPath)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        string[] host = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        Array.ForEach([.. host, "probe", socketPath], start.ArgumentList.Add);
        var probe = new PingProbe(Process.Start(start)!);
        await probe._process.StandardOutput.ReadLineAsync();
        return probe;
    }

    public async Task<string> FinishAsync()
    {
        _process.StandardInput.Close();
        return await _process.StandardOutput.ReadLineAsync() ?? "no figures";
    }

    /// <summary>The probe's own program: pings until its standard input ends.</summary>
    public static void Run(string socketPath)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        for (int i = 0; i < WarmUp; i++)
        {
            Ping(socket);
        }

        Console.WriteLine("warm");
        using var end = new ManualResetEventSlim();
        new Thread(() =>
        {
            Console.In.ReadToEnd();
            end.Set();
        }) { IsBackground = true }.Start();
        var milliseconds = new List<double>();
        while (!end.Wait(5))
        {
            milliseconds.Add(Ping(socket));
        }

        Console.WriteLine(new Figures(milliseconds));
    }

    static double Ping(Socket socket)
    {
        Span<byte> answer = stackalloc byte[64];
        using FrameWriter frame = FrameWriter.Encode(new PingRequest { Id = 1 });
        long since = Stopwatch.GetTimestamp();
        socket.Send(frame.Head.Span);
        socket.Receive(answer);
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
