using System.Collections.Concurrent;
using System.Net.Sockets;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Accepts connections and keeps count of them. What goes wrong while accepting falls into three tiers: a peer that has gone again
/// (go on), a shortage of descriptors or memory (back off), a socket that is no more (stop).
/// </summary>
sealed class SocketListener(
    ServeOptions options, Dispatcher dispatcher, Answers answers, TimeProvider time, ILogger<SocketListener> log) : IDisposable
{
    static readonly TimeSpan s_firstBackOff = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan s_longestBackOff = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<long, (Connection Connection, Task Run)> _connections = new();
    readonly Budget _frames = new(options.FrameBytesInFlight, overdraft: true);
    readonly CancellationTokenSource _stopping = new();
    long _lastNumber;
    long _ended;

    /// <summary>Grows with every answer and with every connection that ends: tells whether there was work since the last look.</summary>
    public long WorkDone => dispatcher.Answered + Interlocked.Read(ref _ended);

    /// <summary>Grows with work itself: looking at the daemon does not count.</summary>
    public long ModelWorkDone => dispatcher.Worked;

    public int OpenRequests => _connections.Values.Sum(entry => entry.Connection.OpenRequests);

    /// <summary>Accepts until <see cref="StopAccepting"/>.</summary>
    /// <exception cref="OperatorException">The socket cannot be accepted on any more.</exception>
    public async Task RunAsync(ListenSocket listening)
    {
        TimeSpan backOff = TimeSpan.Zero;
        while (!_stopping.IsCancellationRequested)
        {
            Socket current = listening.Socket;
            try
            {
                Socket socket = await current.AcceptAsync(_stopping.Token);
                backOff = TimeSpan.Zero;
                Admit(socket);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception) when (current != listening.Socket)
            {
                // It was bound anew: on with that one.
            }
            catch (Exception e) when (SocketFault.IsOfPeer(e))
            {
                // The peer has gone again before it was accepted.
            }
            catch (Exception e) when (SocketFault.IsShortage(e))
            {
                backOff = backOff == TimeSpan.Zero ? s_firstBackOff
                    : TimeSpan.FromTicks(Math.Min(backOff.Ticks * 2, s_longestBackOff.Ticks));
                log.AcceptFailed(backOff.TotalMilliseconds, SocketFault.WordsOf(e));
                await Task.Delay(backOff, time, CancellationToken.None);
            }
            catch (Exception e)
            {
                log.AcceptBroken(e.Message);
                throw new IOException($"The listening socket is gone: {e.Message}");
            }
        }
    }

    /// <summary>What goes wrong with one peer costs that peer its connection, and no other.</summary>
    void Admit(Socket socket)
    {
        try
        {
            Open(socket);
        }
        catch (Exception e)
        {
            socket.Dispose();
            log.ConnectionFailed(_lastNumber, e);
        }
    }

    void Open(Socket socket)
    {
        if (_connections.Count >= options.MaxConnections)
        {
            log.TooManyConnections(options.MaxConnections);
            socket.Dispose();
            return;
        }

        long number = ++_lastNumber;
        try
        {
            PeerCredentials peer = PeerCredentials.Of(socket);
            log.Connected(number, peer.Pid, peer.Uid, peer.Gid);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return;
        }

        var connection = new Connection(socket, number, options, _frames, dispatcher, time, log);
        _connections[number] = (connection, ServeAsync(connection, number));
    }

    async Task ServeAsync(Connection connection, long number)
    {
        // The entry must be there before it can be removed.
        await Task.Yield();
        try
        {
            await connection.RunAsync();
        }
        catch (Exception e)
        {
            log.ConnectionFailed(number, e);
        }
        finally
        {
            _connections.TryRemove(number, out _);
            connection.Dispose();
            Interlocked.Increment(ref _ended);
        }
    }

    /// <summary>Accepts no more; <see cref="RunAsync"/> returns.</summary>
    public void StopAccepting()
    {
        answers.Ready = false;
        _stopping.CancelSafely(log.CancelFailed);
    }

    /// <summary>
    /// Answers new requests with shutting_down, waits for the open ones up to the drain timeout, cancels what is left,
    /// and closes every connection once its answers are sent.
    /// </summary>
    public async Task DrainAsync()
    {
        foreach ((Connection connection, _) in _connections.Values)
        {
            connection.Drain();
        }

        log.Stopping(OpenRequests);
        long since = time.GetTimestamp();
        while (OpenRequests > 0 && time.GetElapsedTime(since).TotalSeconds < options.DrainTimeoutSeconds)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time);
        }

        if (OpenRequests is > 0 and var open)
        {
            log.DrainTimedOut(open, options.DrainTimeoutSeconds);
        }

        foreach ((Connection connection, _) in _connections.Values)
        {
            connection.StopReading();
            connection.CancelAll();
        }

        Task closing = Task.WhenAll(_connections.Values.Select(entry => entry.Run));
        await Task.WhenAny(closing, Task.Delay(TimeSpan.FromSeconds(2), time));
        log.Stopped();
    }

    public void Dispose() => _stopping.Dispose();
}
