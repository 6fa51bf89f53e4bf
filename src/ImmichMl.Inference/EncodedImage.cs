namespace ImmichMl.Inference;

/// <summary>
/// An encoded image that lives in somebody else's memory. It is counted: a decode that outlasts its request keeps the bytes until
/// it ends, and the last one to let go gives them back.
/// </summary>
public sealed class EncodedImage(ReadOnlyMemory<byte> bytes, IDisposable owner) : IDisposable
{
    int _holders = 1;

    /// <summary>As they came, not yet looked at; valid until the last holder lets go.</summary>
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    internal EncodedImage Retain()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            owner.Dispose();
        }
    }
}
