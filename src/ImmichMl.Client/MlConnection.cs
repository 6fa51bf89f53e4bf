using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace ImmichMl.Client;

/// <summary>
/// One connection. Requests are pipelined and answers paired by id. Whatever ends it goes through <see cref="Close"/>, where the first
/// cause wins: every open and every later request fails with it.
/// </summary>
sealed class MlConnection : IAsyncDisposable
{
    readonly MlClientOptions _options;

    // A send buffer of twice what the kernel gives by itself: a large image crosses in half as many turns between the two processes.
    readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendBufferSize = 1024 * 1024 };

    readonly SemaphoreSlim _writing = new(1);
    readonly ConcurrentDictionary<ulong, Pending> _pending = new();
    readonly Lock _gate = new();
    Task _reading = Task.CompletedTask;
    ulong _lastId;
    Exception? _cause;
    volatile ConnectionState _state = ConnectionState.Connecting;

    sealed record Pending(ResultReader Read)
    {
        public TaskCompletionSource<Result> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    MlConnection(MlClientOptions options) => _options = options;

    public ConnectionState State => _state;

    /// <exception cref="MlConnectionException">Nobody listens there, or access is refused.</exception>
    public static async Task<MlConnection> OpenAsync(MlClientOptions options, CancellationToken cancellation)
    {
        MlConnection? connection = null;
        try
        {
            connection = new MlConnection(options);
            await connection._socket.ConnectAsync(new UnixDomainSocketEndPoint(options.SocketPath), cancellation).ConfigureAwait(false);
            connection._state = ConnectionState.Open;
            connection._reading = connection.ReadAsync();
            return connection;
        }
        catch (Exception e)
        {
            connection?.Close(e);
            if (e is SocketException or ArgumentException)
            {
                throw new MlConnectionException($"No connection to {options.SocketPath}: {WordsOf(e)}", e);
            }

            throw;
        }
    }

    /// <summary>A missing file is "Cannot assign requested address" to .NET.</summary>
    static string WordsOf(Exception fault) => (fault as SocketException)?.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable => "There is no such socket.",
        SocketError.TooManyOpenSockets =>
            "Too many open files: this process, or the system, has as many as it may (LimitNOFILE=, ulimit -n).",
        _ => fault.Message,
    };

    /// <summary>Sends the request under an id of this connection's and waits for its answer; cancelling tells the daemon so.</summary>
    public async Task<Result> SendAsync(Request request, ResultReader read, CancellationToken cancellation)
    {
        ulong id = Interlocked.Increment(ref _lastId);
        var pending = new Pending(read);
        _pending[id] = pending;
        try
        {
            if (_state != ConnectionState.Open)
            {
                throw _cause!;
            }

            await WriteAsync(request with { Id = id }, cancellation).ConfigureAwait(false);
            return await pending.Answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_state == ConnectionState.Open)
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

    /// <summary>Half a frame would garble all that follow: what ends its sending, cancellation too, closes the connection.</summary>
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
        catch (Exception e)
        {
            bool broke = e is SocketException or ObjectDisposedException;
            Exception cause = Close(new MlConnectionException(
                broke ? $"The connection to {_options.SocketPath} broke while sending: {e.Message}"
                : e is OperationCanceledException ? $"A request to {_options.SocketPath} was cancelled while it was being sent."
                : $"A request to {_options.SocketPath} was given up while it was being sent: {e.Message}",
                e));
            if (broke)
            {
                throw cause;
            }

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
            var request = new CancelRequest { Id = Interlocked.Increment(ref _lastId), Target = target };
            await WriteAsync(request, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Nobody awaits this. A connection that closes has cancelled everything.
            Close(new MlConnectionException($"A request to {_options.SocketPath} could not be cancelled: {e.Message}", e));
        }
    }

    async Task ReadAsync()
    {
        PipeReader? pipe = null;
        Exception cause = new MlConnectionException($"{_options.SocketPath} hung up.");
        try
        {
            pipe = PipeReader.Create(new NetworkStream(_socket), new StreamPipeReaderOptions(bufferSize: 16 * 1024));
            ReadResult read;
            do
            {
                read = await pipe.ReadAsync().ConfigureAwait(false);
                ReadOnlySequence<byte> buffer = read.Buffer;
                while (FrameReader.TryRead(ref buffer, _options.MaxFrameBytes, out ReadOnlySequence<byte> payload))
                {
                    Complete(Response.Read(payload, id => _pending.GetValueOrDefault(id)?.Read));
                }

                pipe.AdvanceTo(buffer.Start, buffer.End);
            }
            while (!read.IsCompleted);
        }
        catch (Exception e)
        {
            cause = e switch
            {
                MlErrorException => e,
                ProtocolException => new MlConnectionException($"{_options.SocketPath} does not speak the protocol: {e.Message}", e),
                IOException or SocketException or ObjectDisposedException =>
                    new MlConnectionException($"The connection to {_options.SocketPath} broke: {e.Message}", e),
                _ => new MlConnectionException($"Reading from {_options.SocketPath} failed: {e.Message}", e),
            };
        }
        finally
        {
            // Whatever ended it: nobody waits for an answer that is not read any more.
            Close(cause);
            _state = ConnectionState.Closed;
            pipe?.Complete();
        }
    }

    /// <exception cref="MlErrorException">The answer has id 0: the daemon could not read what it was sent, and hangs up.</exception>
    void Complete(Response response)
    {
        if (response is { Id: 0, Error: { } fatal })
        {
            throw new MlErrorException(fatal);
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
    Exception Close(Exception cause)
    {
        lock (_gate)
        {
            if (_cause is not null)
            {
                return _cause;
            }

            _cause = cause;
            _state = ConnectionState.Closing;
        }

        foreach (Pending pending in _pending.Values)
        {
            pending.Answer.TrySetException(cause);
        }

        _socket.Dispose();
        return cause;
    }

    /// <summary>The semaphore is not disposed: who waits to send must still get its turn and fail.</summary>
    public async ValueTask DisposeAsync()
    {
        Close(new MlConnectionException($"The connection to {_options.SocketPath} was closed here."));
        await _reading.ConfigureAwait(false);
    }
}
