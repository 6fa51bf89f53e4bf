namespace ImmichMl.Gateway;

/// <summary>
/// What all callers together may take: open predictions, and bytes of bodies in memory. Who finds it taken goes before those whose body
/// stands still; where nobody's does, the answer is 503, and a caller tries again.
/// </summary>
sealed class UploadBudget(GatewayOptions options, TimeProvider time, ILogger<UploadBudget> log)
{
    /// <summary>A sender is behind 2 s after it stopped, so that by then at the latest it is known who must go.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>An upload that was ended gives back what it has as soon as its thread runs.</summary>
    static readonly TimeSpan s_releaseTimeout = TimeSpan.FromSeconds(1);

    readonly Lock _lock = new();
    readonly HashSet<Upload> _receiving = [];
    int _open;
    long _taken;
    long _takenSinceTrim;

    /// <summary>Predictions that are being read or answered.</summary>
    public int Open => Volatile.Read(ref _open);

    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Bytes that have passed through since the heap was last given back.</summary>
    public long TakenSinceTrim => Interlocked.Read(ref _takenSinceTrim);

    public TimeProvider Time => time;

    public ILogger Log => log;

    /// <summary>Its owner disposes it when nothing of it is in memory any more.</summary>
    /// <exception cref="HttpFault">Too many are open, and none of them stands still.</exception>
    public async Task<Upload> OpenAsync(HttpRequest request, long maxBodyBytes)
    {
        await WaitAsync(TryOpen, "Too many requests at the same time.", request.HttpContext.RequestAborted);
        var upload = new Upload(this, request, maxBodyBytes);
        lock (_lock)
        {
            _receiving.Add(upload);
        }

        return upload;
    }

    /// <exception cref="HttpFault">It would pass the limit, and nobody who has something stands still.</exception>
    public ValueTask TakeAsync(int bytes, CancellationToken cancellation) => TryTake(bytes)
        ? ValueTask.CompletedTask
        : new ValueTask(WaitAsync(() => TryTake(bytes), "Too many bytes are being uploaded at the same time.", cancellation));

    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);

    public void ForgetTaken() => Interlocked.Exchange(ref _takenSinceTrim, 0);

    /// <summary>It was received or has failed: it keeps nobody waiting any more.</summary>
    /// <returns>False where it was ended for another one.</returns>
    public bool Received(Upload upload)
    {
        lock (_lock)
        {
            return _receiving.Remove(upload);
        }
    }

    public void Close() => Interlocked.Decrement(ref _open);

    async Task WaitAsync(Func<bool> fits, string busy, CancellationToken cancellation)
    {
        long started = time.GetTimestamp();
        while (!fits())
        {
            if (Slowest() is not { } slowest || time.GetElapsedTime(started) > s_patience)
            {
                throw HttpFault.Busy(busy);
            }

            TimeSpan left = slowest.UntilBehind;
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left < s_pause ? left : s_pause, time, cancellation);
            }
            else if (Received(slowest))
            {
                slowest.End();
                await Task.WhenAny(slowest.Released, Task.Delay(s_releaseTimeout, time, cancellation));
            }
        }
    }

    Upload? Slowest()
    {
        lock (_lock)
        {
            return _receiving.Where(upload => !upload.IsWaiting).MinBy(upload => upload.UntilBehind);
        }
    }

    bool TryOpen()
    {
        if (Interlocked.Increment(ref _open) <= options.MaxRequests)
        {
            return true;
        }

        Interlocked.Decrement(ref _open);
        return false;
    }

    bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) > options.BodyBytesInFlight)
        {
            Interlocked.Add(ref _taken, -bytes);
            return false;
        }

        Interlocked.Add(ref _takenSinceTrim, bytes);
        return true;
    }
}
