namespace ImmichMl.Imaging;

/// <summary>Count rows from row First on: work on a picture is shared out by them.</summary>
public readonly record struct RowBand(int First, int Count)
{
    /// <summary>Those of them above <paramref name="end"/>.</summary>
    internal RowBand UpTo(int end) => this with { Count = Math.Clamp(end - First, 0, Count) };

    internal void CheckInside(int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(First);
        ArgumentOutOfRangeException.ThrowIfNegative(Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(First, height - Count);
    }
}
