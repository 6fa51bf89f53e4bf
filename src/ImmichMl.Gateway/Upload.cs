using System.Buffers;
using System.IO.Pipelines;

namespace ImmichMl.Gateway;

/// <summary>
/// One body on its way in, and its times. Kestrel's lowest rate is an average: what was sent fast would buy hours of standing still.
/// </summary>
sealed class Upload : IDisposable
{
    /// <summary>Half a megabit a second: what a whole body may take beside <see cref="s_stall"/>.</summary>
    const int BytesPerSecond = 64 * 1024;

    /// <summary>Bytes a second of a sender that holds up no others.</summary>
    const int UnhurriedBytesPerSecond = 16 * 1024;

    /// <summary>Without a byte.</summary>
    static readonly TimeSpan s_stall = TimeSpan.FromSeconds(30);

    /// <summary>How far ahead a fast sender can get, and so how long it may stand still while others need what it holds.</summary>
    static readonly TimeSpan s_ahead = TimeSpan.FromSeconds(2);

    readonly UploadBudget _budget;
    readonly HttpRequest _request;
    readonly TimeProvider _time;
    readonly long _started;
    readonly TimeSpan _total;
    readonly CancellationTokenSource _end;
    readonly CancellationTokenRegistration _ending;
    readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TimeSpan _behindAt = s_ahead;
    readonly ILogger _log;
    bool _isUnwanted;

    public Upload(UploadBudget budget, HttpRequest request, long maxBodyBytes)
    {
        _budget = budget;
        _request = request;
        _time = budget.Time;
        _log = budget.Log;
        _started = _time.GetTimestamp();
        _total = s_stall + TimeSpan.FromSeconds(Math.Min(request.ContentLength ?? maxBodyBytes, maxBodyBytes) / (double)BytesPerSecond);
        _end = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);

        // A token would leave Kestrel's reader in the middle of its read, and it could not read the rest away.
        _ending = _end.Token.UnsafeRegister(static upload => ((Upload)upload!).CancelReading(), this);
        Body = new TimedBody(this);
    }

    /// <summary>The request's body; reading it fails when it comes too slowly.</summary>
    public Stream Body { get; }

    /// <summary>It waits for the budget itself: others cannot blame it for standing still.</summary>
    public bool IsWaiting { get; private set; }

    public TimeSpan UntilBehind => _behindAt - _time.GetElapsedTime(_started);

    /// <summary>Done once what it took is given back.</summary>
    public Task Released => _released.Task;

    /// <exception cref="HttpFault">All bodies together are over their limit.</exception>
    public async ValueTask TakeAsync(int bytes)
    {
        IsWaiting = true;
        await _budget.TakeAsync(bytes, _request.HttpContext.RequestAborted);
        _behindAt = _time.GetElapsedTime(_started) + s_ahead;
        IsWaiting = false;
    }

    public void Return(long bytes) => _budget.Return(bytes);

    /// <summary>For the sake of another one.</summary>
    public void End()
    {
        _isUnwanted = true;
        CancelReading();
    }

    /// <summary>By a timer too, where nobody catches what is thrown.</summary>
    void CancelReading()
    {
        try
        {
            _request.BodyReader.CancelPendingRead();
        }
        catch (Exception e)
        {
            _log.CancelFailed(e);
        }
    }

    /// <summary>All of it is here: from now on it is the daemon's time that passes.</summary>
    public void Complete() => _budget.Received(this);

    async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        TimeSpan left = _total - _time.GetElapsedTime(_started);
        _end.CancelAfter(left > s_stall ? s_stall : left > TimeSpan.Zero ? left : TimeSpan.Zero);
        ReadResult result = await _request.BodyReader.ReadAsync();
        while (result is { Buffer.IsEmpty: true, IsCompleted: false, IsCanceled: false })
        {
            _request.BodyReader.AdvanceTo(result.Buffer.End);
            result = await _request.BodyReader.ReadAsync();
        }

        _end.CancelAfter(Timeout.InfiniteTimeSpan);
        if (result.IsCanceled)
        {
            _request.BodyReader.AdvanceTo(result.Buffer.Start);
            throw HttpFault.SlowSender(_isUnwanted ? "The body came too slowly while others waited." : "The body came too slowly.");
        }

        int read = (int)Math.Min(result.Buffer.Length, buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, read);
        taken.CopyTo(buffer.Span);
        _request.BodyReader.AdvanceTo(taken.End);
        TimeSpan now = _time.GetElapsedTime(_started), earned = TimeSpan.FromSeconds(read / (double)UnhurriedBytesPerSecond);
        TimeSpan from = _behindAt > now ? _behindAt : now;
        _behindAt = from + earned < now + s_ahead ? from + earned : now + s_ahead;
        return read;
    }

    public void Dispose()
    {
        _budget.Received(this);
        _ending.Dispose();
        _end.Dispose();
        _budget.Close();
        _released.TrySetResult();
    }

    sealed class TimedBody(Upload upload) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            upload.ReadAsync(buffer);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            upload.ReadAsync(buffer.AsMemory(offset, count)).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
