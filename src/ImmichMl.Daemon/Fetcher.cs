using System.ComponentModel;
using System.Net.Sockets;
using System.Text;

namespace ImmichMl.Daemon;

/// <summary>What came of a fetch.</summary>
/// <param name="Code">0; or the fetcher's exit code: 1 the network's fault, 2 unknown, 3 the operator's.</param>
/// <param name="Message">Why, for the operator and the peer; empty where it came.</param>
public readonly record struct FetchOutcome(int Code, string Message);

/// <summary>
/// The way to immich-ml-fetch: the service's socket where there is one, else a child, whose arguments name the model and whose standard
/// input ties its life to ours. Either answers in lines.
/// </summary>
public sealed class Fetcher(ModelOptions models, HubOptions hub)
{
    const string Name = "immich-ml-fetch";

    /// <param name="key">The model.</param>
    /// <param name="replace">Also where a fetched copy is there already.</param>
    /// <param name="progress">Called now and then with the bytes that are here and those of the whole.</param>
    /// <param name="cancellation">Ends the download; what has come stays for the next time.</param>
    public async Task<FetchOutcome> RunAsync(ModelKey key, bool replace, Action<long, long> progress, CancellationToken cancellation) =>
        hub.FetchSocket.Length > 0 && Path.Exists(hub.FetchSocket)
            ? await AskAsync(key, replace, progress, cancellation)
            : await StartAsync(key, replace, progress, cancellation);

    async Task<FetchOutcome> AskAsync(ModelKey key, bool replace, Action<long, long> progress, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(hub.FetchSocket), cancellation);
            await socket.SendAsync(
                Encoding.UTF8.GetBytes($"{(replace ? "replace" : "fetch")} {key.Kind.Task} {key.Kind.Type} {key.Name}\n"), cancellation);
            using var lines = new StreamReader(new NetworkStream(socket, ownsSocket: false), Encoding.UTF8);
            return await ReadAsync(lines, progress, cancellation);
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException)
        {
            return new FetchOutcome(3, $"the fetcher at {hub.FetchSocket} cannot be asked: {SocketFault.WordsOf(e)}");
        }
    }

    async Task<FetchOutcome> StartAsync(ModelKey key, bool replace, Action<long, long> progress, CancellationToken cancellation)
    {
        ProcessStartInfo? start = OwnProgram.Beside(Name);
        if (start is null)
        {
            return new FetchOutcome(3, $"{Name} is not beside this program.");
        }

        string[] arguments = [.. replace ? (string[])["--replace"] : [], models.CacheFolder, key.Kind.Task, key.Kind.Type, key.Name];
        Array.ForEach(arguments, start.ArgumentList.Add);
        HandOn(start.Environment);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        using Process? child = TryStart(start, out string why);
        if (child is null)
        {
            return new FetchOutcome(1, $"{Name} cannot be started: {why}");
        }

        await using CancellationTokenRegistration stop = cancellation.Register(() => Hang(child.StandardInput));
        FetchOutcome outcome = await ReadAsync(child.StandardOutput, progress, CancellationToken.None);
        await child.WaitForExitAsync(CancellationToken.None);
        return outcome;
    }

    /// <summary>The child ends when its standard input does. What was never written cannot be flushed into a pipe that broke.</summary>
    static void Hang(StreamWriter input)
    {
        try
        {
            input.Close();
        }
        catch (IOException)
        {
            // It has ended by itself.
        }
    }

    static Process? TryStart(ProcessStartInfo start, out string why)
    {
        why = "no process";
        try
        {
            Descriptors.KeepFromChildren();
            return Process.Start(start);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            why = e.Message;
            return null;
        }
    }

    /// <summary>Settings may come from a file, which the child does not read.</summary>
    void HandOn(IDictionary<string, string?> environment)
    {
        foreach ((string name, string value) in ((string, string)[])
        [
            ("HF_ENDPOINT", hub.Endpoint), ("HF_TOKEN", hub.Token), ("MACHINE_LEARNING_OCR_ENDPOINT", hub.OcrEndpoint),
            ("MACHINE_LEARNING_MODEL_VARIANTS", hub.ModelVariants), ("MACHINE_LEARNING_MODEL_REVISION", models.Revision),
            ("MACHINE_LEARNING_MODEL_ORGANIZATION", hub.Organization),
            ("HF_HUB_DOWNLOAD_TIMEOUT", hub.DownloadTimeoutSeconds.ToString(CultureInfo.InvariantCulture)),
            ("HTTPS_PROXY", hub.HttpsProxy), ("NO_PROXY", hub.NoProxy),
        ])
        {
            if (value.Length > 0)
            {
                environment[name] = value;
            }
        }
    }

    static async Task<FetchOutcome> ReadAsync(TextReader lines, Action<long, long> progress, CancellationToken cancellation)
    {
        var outcome = new FetchOutcome(1, "the fetcher ended without a word.");
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            switch (line.Split(' ', 3))
            {
                case ["progress", var bytes, var total]:
                    progress(long.Parse(bytes, CultureInfo.InvariantCulture), long.Parse(total, CultureInfo.InvariantCulture));
                    break;
                case ["done"]:
                    outcome = new FetchOutcome(0, "");
                    break;
                case ["failed", var code, var message]:
                    outcome = new FetchOutcome(int.Parse(code, CultureInfo.InvariantCulture), message);
                    break;
            }
        }

        return outcome;
    }
}
