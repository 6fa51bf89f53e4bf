using System.Net.Sockets;
using System.Text;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>Over HTTP/1.1 as Immich's own server asks: one multipart POST a request, on a connection that is kept while the server keeps it.</summary>
sealed class HttpPeer(HttpUrl url, IReadOnlyList<string> headers, TimeSpan timeout) : BenchPeer
{
    Socket? _socket;
    HttpReader? _reader;

    public override async Task<Timings?> AskAsync(Call call, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await AskOnceAsync(call, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            Close();
            throw new TimeoutException($"{url} did not answer within {timeout.TotalSeconds:0.###} s.");
        }
        catch (Exception e) when (e is not BadAnswerException)
        {
            Close();
            throw;
        }
    }

    async Task<Timings?> AskOnceAsync(Call call, CancellationToken cancellation)
    {
        await ConnectAsync(cancellation);
        foreach (ReadOnlyMemory<byte> part in MultipartRequest.Encode(url, headers, call))
        {
            await SendAsync(part, cancellation);
        }

        HttpAnswer answer = await _reader!.ReadAsync(cancellation);
        if (answer.Closes)
        {
            Close();
        }

        if (answer.Status != 200)
        {
            throw new BadAnswerException($"http_{answer.Status}", Encoding.UTF8.GetString(answer.Body.Span[..Math.Min(answer.Body.Length, 300)]));
        }

        // A document is a string inside JSON there; whether it holds the task asked for is all that a load test need know.
        return answer.Body.Span.IndexOf(Encoding.UTF8.GetBytes($"\"{call.Endpoint.Tasks[0].Task}\":")) > 0
            ? ServerTiming.Read(answer.ServerTiming)
            : throw new BadAnswerException("unexpected_answer", $"The answer holds no {call.Endpoint.Tasks[0].Task}.");
    }

    async Task ConnectAsync(CancellationToken cancellation)
    {
        // Nothing is to be read from an idle connection but its end: the server keeps none for ever, and that is no failure of a request.
        if (_socket is { } open && !open.Poll(0, SelectMode.SelectRead))
        {
            return;
        }

        Close();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, cancellation);
            (_socket, _reader) = (socket, new HttpReader(socket));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"No connection to {url}: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[await _socket!.SendAsync(bytes, cancellation)..];
            }
        }
        catch (SocketException e)
        {
            throw new IOException($"{url} hung up: {e.Message}", e);
        }
    }

    void Close()
    {
        _socket?.Dispose();
        (_socket, _reader) = (null, null);
    }

    public override ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }
}
