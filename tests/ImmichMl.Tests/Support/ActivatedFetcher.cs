namespace ImmichMl.Tests.Support;

/// <summary>
/// immich-ml-fetch as a service manager starts it: a stand-in parent listens, then becomes the program, with the socket as descriptor 3.
/// The parent is a few lines of Python, since .NET cannot exec.
/// </summary>
sealed class ActivatedFetcher : IAsyncDisposable
{
    const string Parent = """
        import os, socket, sys
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(sys.argv[1] + ".new")
        listening.listen(8)
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.execvp(sys.argv[2], sys.argv[2:])
        """;

    readonly TempFolder _folder = new();
    readonly Process _process;

    ActivatedFetcher(string cache, (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo("python3", ["-c", Parent, Socket, .. ChildProgram.Locate("immich-ml-fetch"), "serve"]);
        ChildProgram.Clean(start, [("MACHINE_LEARNING_CACHE_FOLDER", cache), .. environment]);
        _process = Process.Start(start)!;
    }

    public string Socket => _folder.File("fetch.sock");

    public int Id => _process.Id;

    public static async Task<ActivatedFetcher> StartAsync(string cache, params (string Name, string? Value)[] environment)
    {
        var fetcher = new ActivatedFetcher(cache, environment);
        await Patience.UntilAsync(() => File.Exists(fetcher.Socket));
        return fetcher;
    }

    /// <summary>A connection on which this was said.</summary>
    public async Task<NetworkStream> SayAsync(string request)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket)).Within();
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request));
        return stream;
    }

    /// <summary>Every line until the fetcher hangs up.</summary>
    public async Task<string[]> AskAsync(string request)
    {
        await using NetworkStream stream = await SayAsync(request);
        using var lines = new StreamReader(stream);
        return (await lines.ReadToEndAsync().Within()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().Within();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Dispose();
    }
}
