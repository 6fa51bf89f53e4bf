using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Receives frames from a socket into memory that grows with the bytes that have arrived, never with the length that was claimed.
/// What it holds beyond 64 KiB counts against the budget of all peers; where that is used up, the rest waits in the socket.
/// </summary>
sealed class FrameReceiver(Socket socket, ServeOptions options, Budget budget, TimeProvider time) : IDisposable
{
    const int FirstCapacity = 16 * 1024;
    const int FreeCapacity = 64 * 1024;
    const int Growth = 16;

    /// <summary>Bytes after which a peer that sends faster than we read lets others have the thread.</summary>
    const int FairShare = 256 * 1024;

    /// <summary>How long a frame may stand still while others wait for the memory that it holds.</summary>
    static readonly TimeSpan s_patienceWhenShort = TimeSpan.FromSeconds(2);

    NativeBytes? _bytes;
    CancellationTokenSource? _patience;
    Budget.Grant _grant = budget.Open();

    /// <summary>What the grant was raised to.</summary>
    long _granted;
    int _start;
    int _end;
    int _share;
    long _begun;
    TimeSpan _waited;

    /// <summary>The next whole frame; null when the peer has hung up.</summary>
    /// <exception cref="ProtocolException">A length of zero or over the limit: framing is lost.</exception>
    /// <exception cref="TimeoutException">The peer does not send on.</exception>
    public async ValueTask<Frame?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            int wanted = 0;
            if (_bytes is not null && TryTake(out wanted) is { } frame)
            {
                return frame;
            }

            bool received = _start == _end ? await ReceiveFirstAsync(cancellation) : await ReceiveMoreAsync(wanted, cancellation);
            CheckCounts();
            if (!received)
            {
                return null;
            }

            if (_share >= FairShare)
            {
                _share = 0;
                await Task.Yield();
            }
        }
    }

    /// <summary>Nothing of the next frame is here: a connection may idle as long as it likes, but not on our memory.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<bool> ReceiveFirstAsync(CancellationToken cancellation)
    {
        ((IDisposable?)_bytes)?.Dispose();
        _bytes = null;
        _start = _end = 0;

        // A read of no bytes waits until there are some.
        await socket.ReceiveAsync(Memory<byte>.Empty, cancellation);
        _bytes = new NativeBytes(FirstCapacity);
        BeginFrame();
        _end = await socket.ReceiveAsync(_bytes.Memory, cancellation);
        _share += _end;
        return _end > 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<bool> ReceiveMoreAsync(int wanted, CancellationToken cancellation)
    {
        await EnsureCapacityAsync(wanted, cancellation);
        TimeSpan allowed = TimeSpan.FromSeconds(options.StallTimeoutSeconds);
        TimeSpan still = TimeSpan.Zero;
        while (true)
        {
            TimeSpan wait = allowed - still < s_patienceWhenShort ? allowed - still : s_patienceWhenShort;
            try
            {
                int count = await ReceiveWithinAsync(wait, cancellation);
                _end += count;
                _share += count;
                TimeSpan taken = time.GetElapsedTime(_begun) - _waited;
                return taken.TotalSeconds < options.FrameTimeoutSeconds
                    ? count > 0
                    : throw new TimeoutException($"A frame was not whole after {taken.TotalSeconds:0.#} s.");
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                still += wait;
                if (still >= allowed || (_bytes!.Length > FreeCapacity && budget.IsShort))
                {
                    throw new TimeoutException($"A frame stood still for {still.TotalSeconds:0.#} s.");
                }
            }
        }
    }

    /// <summary>One timer serves every receive until it fires: a large frame takes hundreds.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<int> ReceiveWithinAsync(TimeSpan wait, CancellationToken cancellation)
    {
        if (_patience is null || !_patience.TryReset())
        {
            _patience?.Dispose();
            _patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }

        using CancellationTokenRegistration stop = cancellation.UnsafeRegister(
            static patience => ((CancellationTokenSource)patience!).Cancel(), _patience);
        _patience.CancelAfter(wait);
        return await socket.ReceiveAsync(_bytes!.Memory[_end..], _patience.Token);
    }

    async ValueTask EnsureCapacityAsync(int wanted, CancellationToken cancellation)
    {
        if (_end < _bytes!.Length)
        {
            return;
        }

        if (_start > 0)
        {
            _bytes.GetSpan()[_start.._end].CopyTo(_bytes.GetSpan());
            _end -= _start;
            _start = 0;
            return;
        }

        int capacity = (int)Math.Min((long)_bytes.Length * Growth, Math.Max(wanted, FirstCapacity));
        long since = time.GetTimestamp();
        await _grant.GrowAsync(Counted(capacity) - _granted, cancellation);
        _granted = Counted(capacity);
        _waited += time.GetElapsedTime(since);
        _bytes.Grow(capacity);
        CheckCounts();
    }

    static long Counted(int capacity) => capacity <= FreeCapacity ? 0 : capacity;

    /// <summary>Cuts the next frame off what has arrived: a large one with the very memory it arrived in, a small one as a copy.</summary>
    Frame? TryTake(out int wanted)
    {
        wanted = 0;
        NativeBytes bytes = _bytes!;
        var received = new ReadOnlySequence<byte>(bytes.Memory[_start.._end]);
        if (!FrameReader.TryReadLength(received, options.MaxFrameBytes, out int length))
        {
            return null;
        }

        wanted = FrameReader.PrefixLength + length;
        if (received.Length < wanted)
        {
            return null;
        }

        Memory<byte> payload = bytes.Memory.Slice(_start + FrameReader.PrefixLength, length);
        _start += wanted;
        BeginFrame();
        if (bytes.Length <= FreeCapacity)
        {
            var copy = new NativeBytes(length);
            payload.CopyTo(copy.Memory);
            return new Frame(copy, copy.Memory, budget.Open());
        }

        // A block beyond 64 KiB was grown for this frame and ends where it ends: nothing of the next is in it.
        Debug.Assert(_start == _end && _end == bytes.Length, $"{_end - _start} bytes of the next frame lie in a frame's own block.");
        var frame = new Frame(bytes, payload, _grant);
        _grant = budget.Open();
        _granted = 0;
        _bytes = null;
        _start = _end = 0;
        return frame;
    }

    /// <summary>What is held is what was granted, within the limit of a frame, and what has arrived lies in it.</summary>
    [Conditional("DEBUG")]
    void CheckCounts()
    {
        int capacity = _bytes?.Length ?? 0;
        Debug.Assert(Counted(capacity) == _granted, $"{capacity} bytes are held and {_granted} granted.");
        Debug.Assert(_start >= 0 && _start <= _end && _end <= capacity, $"{_start} to {_end} of {capacity} bytes have arrived.");
        Debug.Assert(
            capacity <= Math.Max(FirstCapacity, FrameReader.PrefixLength + (long)options.MaxFrameBytes),
            $"{capacity} bytes are over a frame's limit.");
    }

    void BeginFrame()
    {
        _begun = time.GetTimestamp();
        _waited = TimeSpan.Zero;
    }

    public void Dispose()
    {
        ((IDisposable?)_bytes)?.Dispose();
        _bytes = null;
        _patience?.Dispose();
        _grant.Dispose();
    }
}
