using System.Buffers;

namespace ImmichMl.Inference;

/// <summary>
/// A tensor's values on their way into a model: native, of just the size that is asked for, one owner. The shared array pool rounds
/// up to a power of two and keeps what came back for minutes: 60 MB after a few pictures of text.
/// </summary>
sealed unsafe class TensorBuffer<T>(int length) : MemoryManager<T>
    where T : unmanaged
{
    // What a vector of any width loads without straddling a cache line.
    const int Alignment = 64;

    T* _values = (T*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, length) * (nuint)sizeof(T), Alignment);

    public override Span<T> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_values is null, this);
        return new Span<T>(_values, length);
    }

    public Span<T> Part(int start, int count) => GetSpan().Slice(start, count);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_values is null, this);
        return new MemoryHandle(_values + elementIndex);
    }

    public override void Unpin()
    {
        // It does not move.
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.AlignedFree(_values);
        _values = null;
    }
}
