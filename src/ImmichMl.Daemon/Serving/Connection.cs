using System.Net.Sockets;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// One peer: one read loop, one reply channel. Requests run side by side and are answered as they are done; when the peer hangs up,
/// everything it has open is cancelled.
/// </summary>
sealed class Connection(
    Socket socket, long number, ServeOptions options, Budget frames, Dispatcher dispatcher, TimeProvider time, ILogger log)
    : IDisposable
{
    static readonly TimeSpan s_linger = TimeSpan.FromSeconds(1);

    readonly FrameReceiver _receiver = new(socket, options, frames, time);
    readonly ReplyChannel _replies = new(socket, options, time, log);
    readonly OpenRequests _open = new(options.RequestsPerConnection, log);
    readonly CancellationTokenSource _reading = new();
    volatile bool _draining;

    public int OpenRequests => _open.Count;

    /// <summary>From now on every new request is answered shutting_down.</summary>
    public void Drain() => _draining = true;

    /// <summary>Reads no more; what is open is answered first.</summary>
    public void StopReading() => _reading.CancelSafely(log.CancelFailed);

    public void CancelAll() => _open.CancelAll();

    /// <summary>Runs until the connection is closed and nothing of it is left.</summary>
    public async Task RunAsync()
    {
        Task<string?> writing = WriteAsync();
        string? reason, unsent;
        try
        {
            reason = await ReadAsync();
            await _open.WhenNoneAsync();
        }
        finally
        {
            _replies.Complete();
            _open.CancelAll();
            unsent = await writing;
        }

        if (reason is not null && !_draining)
        {
            await LingerAsync();
        }

        log.Disconnected(number, reason ?? unsent ?? "the peer hung up");
    }

    /// <summary>
    /// Tells the peer that we are done and lets it finish sending into nothing: closing at once, with bytes of its unread, would
    /// reset the connection before it has read our answer.
    /// </summary>
    async Task LingerAsync()
    {
        byte[] nothing = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            using var enough = new CancellationTokenSource(s_linger, time);
            while (await socket.ReceiveAsync(nothing.AsMemory(), enough.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It had its chance.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(nothing);
        }
    }

    async Task<string?> WriteAsync()
    {
        string? broken = "its answers cannot be sent";
        try
        {
            return broken = await _replies.RunAsync();
        }
        finally
        {
            if (broken is not null)
            {
                StopReading();
                socket.Dispose();
                _open.CancelAll();
            }
        }
    }

    /// <returns>Null when the peer hung up; else why we did.</returns>
    async Task<string?> ReadAsync()
    {
        string? reason = null;
        try
        {
            while (await _receiver.NextAsync(_reading.Token) is { } frame)
            {
                if (!await HandleAsync(frame))
                {
                    return "it was told why";
                }
            }
        }
        catch (TimeoutException e)
        {
            reason = e.Message;
        }
        catch (OperationCanceledException)
        {
            return _draining ? "the daemon is stopping" : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A peer that vanished in mid-frame.
        }
        catch (Exception lost)
        {
            return await LoseAsync(lost);
        }

        _open.CancelAll();
        return reason;
    }

    /// <summary>Framing is lost, or memory for it: what is open is still answered, nothing more is read.</summary>
    async Task<string> LoseAsync(Exception lost)
    {
        ErrorDetail error = ErrorMap.ToDetail(lost);
        if (error.Code == ErrorCode.Internal)
        {
            log.Failed(0, number, "reading", lost);
        }

        await _replies.SendAsync(new Response { Id = 0, Error = error });
        return error.Message;
    }

    /// <returns>False when the connection is to close.</returns>
    async ValueTask<bool> HandleAsync(Frame frame)
    {
        Request request;
        try
        {
            request = Request.Read(frame.Payload);
            Refuse(request);
        }
        catch (ProtocolException e)
        {
            frame.Dispose();
            log.Refused(e.Id, number, "a frame", e.Code.Name, 0, 0, e.Message);
            return await _replies.SendAsync(new Response { Id = e.Id, Error = ErrorMap.ToDetail(e) }) && !e.Closes;
        }
        catch
        {
            frame.Dispose();
            throw;
        }

        return await OpenAsync(request, frame);
    }

    void Refuse(Request request)
    {
        if (_draining && request is not (PingRequest or CancelRequest))
        {
            throw new ProtocolException(ErrorCode.ShuttingDown, "The daemon is stopping.", request.Id);
        }
    }

    async ValueTask<bool> OpenAsync(Request request, Frame frame)
    {
        bool lasts = request is PredictRequest or LoadRequest or UnloadRequest;
        OpenRequests.Entry entry = _open.TryOpen(request.Id, lasts, out CancellationToken cancellation);
        if (entry == Serving.OpenRequests.Entry.Open)
        {
            Task answering = AnswerAsync(request, frame, cancellation);

            // What is answered at once is answered in order; all else runs on beside the next frames.
            if (!lasts)
            {
                await answering;
            }

            return true;
        }

        frame.Dispose();
        ErrorDetail error = entry == Serving.OpenRequests.Entry.Repeated
            ? ErrorMap.Detail(ErrorCode.InvalidRequest, $"Request {request.Id} is open already; that one goes on.")
            : ErrorMap.Detail(ErrorCode.Overloaded, $"{options.RequestsPerConnection} requests of this connection are open.");
        log.Refused(request.Id, number, request.Operation, error.Code.Name, 0, 0, error.Message);
        return await _replies.SendAsync(new Response { Id = request.Id, Error = error });
    }

    async Task AnswerAsync(Request request, Frame frame, CancellationToken cancellation)
    {
        try
        {
            Response response;
            try
            {
                response = request is CancelRequest cancel
                    ? Cancel(cancel, frame)
                    : await dispatcher.AnswerAsync(request, frame, number, cancellation);
            }
            catch (Exception e)
            {
                response = new Response { Id = request.Id, Error = ErrorMap.ToDetail(e) };
            }

            _open.Close(request.Id);
            await _replies.SendAsync(response);
        }
        catch (Exception e)
        {
            // Nobody waits for this task.
            log.FaultIn("Answering", e);
        }
        finally
        {
            _open.Finish();
        }
    }

    Response Cancel(CancelRequest request, Frame frame)
    {
        frame.Dispose();
        bool cancelled = request.Target != request.Id && _open.TryCancel(request.Target);
        return new Response { Id = request.Id, Result = new CancelResult(cancelled) };
    }

    /// <summary>After <see cref="RunAsync"/>. The token source stays usable: the listener may still tell us to stop.</summary>
    public void Dispose()
    {
        _receiver.Dispose();
        socket.Dispose();
    }
}
