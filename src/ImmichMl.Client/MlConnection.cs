using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using ImmichMl.Protocol;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Client;

/// <summary>One connection. Requests are pipelined and answers paired by id; when it breaks, everything open fails and it stays broken.</summary>
sealed class MlConnection : IAsyncDisposable
{
    readonly MlClientOptions _options;
    readonly Socket _socket;
    readonly SemaphoreSlim _writing = new(1);
    readonly ConcurrentDictionary<ulong, Pending> _pending = new();
    readonly Task _reading;
    ulong _lastId;
    volatile Exception? _broken;

    sealed record Pending(ResultReader Read)
    {
        public TaskCompletionSource<Result> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    MlConnection(Socket socket, MlClientOptions options)
    {
        _socket = socket;
        _options = options;
        _reading = ReadAsync();
    }

    public bool IsBroken => _broken is not null;

    /// <exception cref="MlConnectionException">Nobody listens there, or access is refused.</exception>
    public static async Task<MlConnection> OpenAsync(MlClientOptions options, CancellationToken cancellation)
    {
        Socket? socket = null;
        try
        {
            // Twice what the kernel gives by itself: a large image crosses in half as many turns between the two processes.
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendBufferSize = 1024 * 1024 };
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.SocketPath), cancellation).ConfigureAwait(false);
            return new MlConnection(socket, options);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket?.Dispose();

            // A missing file is "Cannot assign requested address" to .NET.
            string why = (e as SocketException)?.SocketErrorCode switch
            {
                SocketError.AddressNotAvailable => "There is no such socket.",
                SocketError.TooManyOpenSockets => "Too many open files: this process, or the system, has as many as it may (LimitNOFILE=, ulimit -n).",
                _ => e.Message,
            };
            throw new MlConnectionException($"No connection to {options.SocketPath}: {why}", e);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    /// <summary>Sends the request under an id of this connection's and waits for its answer; cancelling tells the daemon so.</summary>
    public async Task<Result> SendAsync(Request request, ResultReader read, CancellationToken cancellation)
    {
        ulong id = Interlocked.Increment(ref _lastId);
        var pending = new Pending(read);
        _pending[id] = pending;
        try
        {
            if (_broken is { } broken)
            {
                throw broken;
            }

            await WriteAsync(request with { Id = id }, cancellation).ConfigureAwait(false);
            return await pending.Answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!IsBroken)
        {
            _ = CancelAsync(id);
            throw;
        }
        finally
        {
            _pending.TryRemove(id, out _);

            // Looked at, so that the answer to a call that ended otherwise is not reported as an unobserved exception.
            _ = pending.Answer.Task.Exception;
        }
    }

    /// <summary>Half a frame would garble all that follow: who cancels while one is being sent breaks the connection.</summary>
    async Task WriteAsync(Request request, CancellationToken cancellation)
    {
        using FrameWriter frame = FrameWriter.Encode(request);
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await SendAllAsync(frame.Head, cancellation).ConfigureAwait(false);
            foreach (ReadOnlyMemory<byte> part in frame.Tail)
            {
                await SendAllAsync(part, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            Break($"A request to {_options.SocketPath} was cancelled while it was being sent.");
            throw;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Break($"The connection to {_options.SocketPath} broke while sending: {e.Message}", e);
        }
        catch (Exception e)
        {
            Break($"A request to {_options.SocketPath} was given up while it was being sent: {e.Message}", e);
            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, cancellation).ConfigureAwait(false)..];
        }
    }

    async Task CancelAsync(ulong target)
    {
        try
        {
            await WriteAsync(new CancelRequest { Id = Interlocked.Increment(ref _lastId), Target = target }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken || e is MlConnectionException)
        {
            // A broken connection has cancelled everything already.
        }
    }

    async Task ReadAsync()
    {
        PipeReader pipe = PipeReader.Create(new NetworkStream(_socket), new StreamPipeReaderOptions(bufferSize: 16 * 1024));
        string end = $"{_options.SocketPath} hung up.";
        try
        {
            while (true)
            {
                ReadResult read = await pipe.ReadAsync().ConfigureAwait(false);
                ReadOnlySequence<byte> buffer = read.Buffer;
                while (FrameReader.TryRead(ref buffer, _options.MaxFrameBytes, out ReadOnlySequence<byte> payload))
                {
                    Complete(Response.Read(payload, id => _pending.GetValueOrDefault(id)?.Read));
                }

                pipe.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            end = $"The connection to {_options.SocketPath} broke: {e.Message}";
        }
        catch (ProtocolException e)
        {
            end = $"{_options.SocketPath} does not speak the protocol: {e.Message}";
        }
        catch (Exception e)
        {
            Break($"Reading from {_options.SocketPath} failed: {e.Message}", e);
        }
        finally
        {
            // Whatever ended it: nobody waits for an answer that is not read any more.
            Break(end);
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    void Complete(Response response)
    {
        // Id 0 answers bytes that the daemon could not read at all; it closes the connection after it.
        if (response is { Id: 0, Error: { } fatal })
        {
            Break(fatal.Message, new MlErrorException(fatal));
        }

        if (!_pending.TryGetValue(response.Id, out Pending? pending))
        {
            return;
        }

        if (response.Error is { } error)
        {
            pending.Answer.TrySetException(new MlErrorException(error));
        }
        else if (response.Result is { } result)
        {
            pending.Answer.TrySetResult(result);
        }
    }

    /// <returns>The first cause: whatever fails after it is its consequence.</returns>
    Exception Break(string message, Exception? cause = null)
    {
        Exception broken = cause as MlErrorException ?? (Exception)new MlConnectionException(message, cause);
        broken = Interlocked.CompareExchange(ref _broken, broken, null) ?? broken;
        foreach (Pending pending in _pending.Values)
        {
            pending.Answer.TrySetException(broken);
        }

        _socket.Dispose();
        return broken;
    }

    /// <summary>The semaphore is not disposed: who waits to send must still get its turn and fail.</summary>
    public async ValueTask DisposeAsync()
    {
        Break($"The connection to {_options.SocketPath} was closed here.");
        await _reading.ConfigureAwait(false);
    }
}
