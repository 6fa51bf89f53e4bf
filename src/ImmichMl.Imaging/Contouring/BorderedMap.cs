namespace ImmichMl.Imaging.Contouring;

/// <summary>A map of zeros and ones in a frame of zeros one pixel wide: borders are followed without looking for the edge.</summary>
// Rented: a page's map is large enough to be collected with the oldest generation alone.
sealed class BorderedMap : IDisposable
{
    public BorderedMap(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        Stride = checked(width + 2);
        Width = width;
        Height = height;
        var length = checked(Stride * (height + 2));
        Cells = ArrayPool<sbyte>.Shared.Rent(length);
        Cells.AsSpan(0, length).Clear();
    }

    public int Width { get; }

    public int Height { get; }

    public int Stride { get; }

    /// <summary>May be longer than the map.</summary>
    public sbyte[] Cells { get; }

    /// <summary>Row y of the map itself, without the frame.</summary>
    public Span<sbyte> Row(int y) => Cells.AsSpan(((y + 1) * Stride) + 1, Width);

    public PixelPoint PointAt(int cell) => new((cell % Stride) - 1, (cell / Stride) - 1);

    public void Dispose() => ArrayPool<sbyte>.Shared.Return(Cells);
}
