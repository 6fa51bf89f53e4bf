using System.Net.Sockets;
using System.Threading.Channels;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// The way back to one peer: a bounded channel with one writer. A peer that does not read its answers fills the channel, then holds
/// up its own requests, and is given up when nothing has moved for the stall timeout.
/// </summary>
sealed class ReplyChannel(Socket socket, ServeOptions options, TimeProvider time, ILogger log)
{
    const int Capacity = 64;

    readonly Channel<Response> _replies = Channel.CreateBounded<Response>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Waits while the channel is full; false where nothing can be sent any more.</summary>
    public async ValueTask<bool> SendAsync(Response response)
    {
        try
        {
            await _replies.Writer.WriteAsync(response);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    /// <summary>What is in the channel still goes out; nothing more goes in.</summary>
    public void Complete() => _replies.Writer.TryComplete();

    /// <summary>Sends until <see cref="Complete"/>.</summary>
    /// <returns>Null; or why nothing can be sent any more.</returns>
    public async Task<string?> RunAsync()
    {
        using var stall = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        try
        {
            await foreach (Response response in _replies.Reader.ReadAllAsync())
            {
                using FrameWriter frame = FrameWriter.Encode(response);
                Recycle(response);
                await WriteAsync(frame.Head, stall);
            }

            return null;
        }
        catch (OperationCanceledException)
        {
            return $"its answers stayed unread for {options.StallTimeoutSeconds:0.#} s";
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return $"its answers cannot be sent: {e.Message}";
        }
        catch (Exception e)
        {
            log.FaultIn("Sending an answer", e);
            return "its answers cannot be sent";
        }
        finally
        {
            Complete();
            while (_replies.Reader.TryRead(out _))
            {
                // Whoever waits for a free entry is let go.
            }
        }
    }

    /// <summary>It is written, and nobody else has seen its faces.</summary>
    static void Recycle(Response response)
    {
        foreach (FaceResult face in (response.Result as PredictResult)?.Faces ?? [])
        {
            if (face.Embedding is { } embedding)
            {
                EmbeddingPool.Return(embedding);
            }
        }
    }

    /// <summary>A send that is cut off leaves half a frame: the caller closes the connection.</summary>
    async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationTokenSource stall)
    {
        while (bytes.Length > 0)
        {
            stall.CancelAfter(TimeSpan.FromSeconds(options.StallTimeoutSeconds));
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, stall.Token)..];
        }

        stall.CancelAfter(Timeout.InfiniteTimeSpan);
    }
}
