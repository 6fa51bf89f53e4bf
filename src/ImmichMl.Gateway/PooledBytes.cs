using System.Buffers;
using System.Collections.Concurrent;

namespace ImmichMl.Gateway;

/// <summary>
/// The bytes of one part in pooled blocks. Memory follows what has arrived, never what was announced. Its owner disposes it.
/// </summary>
sealed class PooledBytes(Upload upload) : IDisposable
{
    const int FirstBlock = 16 * 1024;
    const int LargeBlock = 256 * 1024;

    /// <summary>What is kept of large blocks: the runtime's own pool would hold a burst's for minutes.</summary>
    const int MostKept = 32;

    static readonly ConcurrentBag<byte[]> s_kept = [];

    readonly List<byte[]> _blocks = [];
    int _inLast;
    long _taken;

    public long Length { get; private set; }

    /// <exception cref="HttpFault">All uploads together are over their budget, or this one is over <paramref name="limit"/>.</exception>
    public async Task FillAsync(Stream source, long limit, string tooLong, CancellationToken cancellation)
    {
        while (true)
        {
            if (_blocks.Count == 0 || _inLast == _blocks[^1].Length)
            {
                await GrowAsync();
            }

            int read = await source.ReadAsync(_blocks[^1].AsMemory(_inLast), cancellation);
            if (read == 0)
            {
                return;
            }

            _inLast += read;
            Length += read;
            if (Length > limit)
            {
                throw HttpFault.TooLarge(tooLong);
            }
        }
    }

    async ValueTask GrowAsync()
    {
        int size = _blocks.Count == 0 ? FirstBlock : LargeBlock;
        await upload.TakeAsync(size);
        _taken += size;
        _blocks.Add(size == FirstBlock ? ArrayPool<byte>.Shared.Rent(size)
            : s_kept.TryTake(out byte[]? kept) ? kept : GC.AllocateUninitializedArray<byte>(size));
        _inLast = 0;
    }

    /// <summary>
    /// Gives back what the last block has over: for bytes that are about to be kept for long. No sequence taken before is to be read after.
    /// </summary>
    public void Trim()
    {
        if (_blocks.Count == 0 || _blocks[^1] is not { Length: LargeBlock } last || last.Length - _inLast < FirstBlock)
        {
            return;
        }

        _blocks[^1] = last[.._inLast];
        if (s_kept.Count < MostKept)
        {
            s_kept.Add(last);
        }

        upload.Return(last.Length - _inLast);
        _taken -= last.Length - _inLast;
    }

    public ReadOnlySequence<byte> AsSequence()
    {
        if (Length == 0)
        {
            return ReadOnlySequence<byte>.Empty;
        }

        var first = new Block(_blocks[0].AsMemory(0, _blocks.Count == 1 ? _inLast : _blocks[0].Length), 0);
        Block last = first;
        for (int i = 1; i < _blocks.Count; i++)
        {
            last = last.Append(_blocks[i].AsMemory(0, i == _blocks.Count - 1 ? _inLast : _blocks[i].Length));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    public void Dispose()
    {
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (i == 0)
            {
                ArrayPool<byte>.Shared.Return(_blocks[i]);
            }
            else if (_blocks[i].Length == LargeBlock && s_kept.Count < MostKept)
            {
                s_kept.Add(_blocks[i]);
            }
        }

        _blocks.Clear();
        upload.Return(_taken);
        _taken = 0;
        Length = 0;
    }

    sealed class Block : ReadOnlySequenceSegment<byte>
    {
        public Block(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Block Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Block(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
