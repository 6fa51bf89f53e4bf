namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Bytes outside the managed heap: a frame of 100 MB goes back to the system when its request is done, not when a collector gets
/// round to it. One owner, who disposes it.
/// </summary>
sealed unsafe class NativeBytes : MemoryManager<byte>
{
    byte* _address;

    public NativeBytes(int length)
    {
        _address = (byte*)NativeMemory.Alloc((nuint)length);
        Length = length;
    }

    public int Length { get; private set; }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new Span<byte>(_address, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new MemoryHandle(_address + elementIndex);
    }

    public override void Unpin()
    {
    }

    /// <summary>
    /// Adds bytes behind those that are there. The C library moves large blocks by their page tables, without a copy.
    /// </summary>
    public void Grow(int length)
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        _address = (byte*)NativeMemory.Realloc(_address, (nuint)length);
        Length = length;
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_address);
        _address = null;
        Length = 0;
    }
}
