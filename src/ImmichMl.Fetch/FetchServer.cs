using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace ImmichMl.Fetch;

/// <summary>
/// The socket-activated fetcher: one connection asks for one model, "fetch TASK TYPE NAME" or "replace TASK TYPE NAME" in one line, and is
/// told in lines how it goes. Who hangs up stops the download; its parts stay for next time. It ends when nobody has asked for a while:
/// the service manager keeps the socket and starts it again.
/// </summary>
sealed class FetchServer(Socket listener, TimeSpan idle) : IDisposable
{
    const int MaxPeers = 16;

    /// <summary>Bytes; a model's name has at most 128 letters.</summary>
    const int MaxRequest = 1024;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan s_backOff = TimeSpan.FromSeconds(1);

    readonly SemaphoreSlim _slots = new(MaxPeers);

    public async Task RunAsync(FetchRunner fetch)
    {
        while (true)
        {
            // Nobody is taken who could not be served: the others wait in the socket.
            await _slots.WaitAsync();
            using var quiet = new CancellationTokenSource(idle);
            try
            {
                Socket peer = await listener.AcceptAsync(quiet.Token);
                _ = ServeAsync(peer, fetch);
            }
            catch (OperationCanceledException)
            {
                if (_slots.Release() == MaxPeers - 1)
                {
                    return;
                }
            }
            catch (Exception e) when (SocketFault.IsOfPeer(e))
            {
                // The peer has gone again before it was accepted.
                _slots.Release();
            }
            catch (Exception e) when (SocketFault.IsShortage(e))
            {
                _slots.Release();
                Tell($"accepting failed and is tried again: {Printable(SocketFault.WordsOf(e))}");
                await Task.Delay(s_backOff, TimeProvider.System);
            }
            catch (Exception e)
            {
                throw new FetchException(FetchFault.Network, $"The listening socket is gone: {e.Message}");
            }
        }
    }

    async Task ServeAsync(Socket peer, FetchRunner fetch)
    {
        try
        {
            await using var stream = new NetworkStream(peer, ownsSocket: true);
            string request = await RequestAsync(stream);
            using var gone = new CancellationTokenSource();
            Channel<string> lines = Channel.CreateBounded<string>(
                new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });
            Task writing = WriteAsync(lines.Reader, stream, gone);
            _ = CancelWhenGoneAsync(stream, gone);
            int code = await RunAsync(request, fetch, line => lines.Writer.TryWrite(line), gone.Token);
            lines.Writer.Complete();
            await writing.WaitAsync(s_patience);
            Tell($"{Printable(request)}: {(code == 0 ? "done" : $"failed with {code}")}");
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException or OperationCanceledException)
        {
            // The peer has gone, or said nothing.
        }
        catch (Exception e)
        {
            TellFault(e);
        }
        finally
        {
            _slots.Release();
        }
    }

    static async Task<int> RunAsync(string request, FetchRunner fetch, Action<string> tell, CancellationToken cancellation)
    {
        if (request.Split(' ', 4) is [("fetch" or "replace") and var verb, var task, var type, { Length: > 0 } name])
        {
            return await fetch.RunAsync(task, type, name, replace: verb == "replace", tell, cancellation);
        }

        tell($"failed {(int)FetchFault.Unknown} 'fetch TASK TYPE NAME' is expected.");
        return (int)FetchFault.Unknown;
    }

    static async Task<string> RequestAsync(NetworkStream peer)
    {
        using var patience = new CancellationTokenSource(s_patience);
        byte[] buffer = new byte[MaxRequest];
        for (int length = 0; length < MaxRequest;)
        {
            int read = await peer.ReadAsync(buffer.AsMemory(length), patience.Token);
            length += read;
            if (buffer.AsSpan(0, length).IndexOf((byte)'\n') is >= 0 and var end)
            {
                return Encoding.UTF8.GetString(buffer, 0, end);
            }

            if (read == 0)
            {
                throw new IOException("The peer hung up before it asked.");
            }
        }

        return "";
    }

    static async Task WriteAsync(ChannelReader<string> lines, NetworkStream peer, CancellationTokenSource gone)
    {
        try
        {
            await foreach (string line in lines.ReadAllAsync())
            {
                await peer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
            }
        }
        catch (IOException)
        {
            gone.CancelSafely(TellFault);
        }
    }

    /// <summary>Nothing more is to be said by the peer: what comes, an end or a reset, is a hang-up.</summary>
    static async Task CancelWhenGoneAsync(NetworkStream peer, CancellationTokenSource gone)
    {
        try
        {
            _ = await peer.ReadAsync(new byte[1]);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Who closes with lines unread resets the connection; one that was served to the end was closed from here.
        }
        finally
        {
            gone.CancelSafely(TellFault);
        }
    }

    static void TellFault(Exception fault) => Tell($"failed: {Printable(fault.ToString(), 2000)}");

    static void Tell(string line) => StandardStreams.Error.Write($"immich-ml-fetch: {line}\n");

    static string Printable(string text, int length = 200) =>
        new([.. text.Take(length).Select(letter => char.IsControl(letter) ? '?' : letter)]);

    public void Dispose()
    {
        _slots.Dispose();
    }
}
