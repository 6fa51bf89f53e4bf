namespace ImmichMl.Imaging.Contouring;

/// <summary>A map of zeros and ones with a frame of zeros one pixel wide, so that a border can be followed without looking for the edge.</summary>
sealed class BorderedMap
{
    public BorderedMap(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        Stride = checked(width + 2);
        Width = width;
        Height = height;
        Cells = new sbyte[checked(Stride * (height + 2))];
    }

    public int Width { get; }

    public int Height { get; }

    public int Stride { get; }

    public sbyte[] Cells { get; }

    /// <summary>Row y of the map itself, without the frame.</summary>
    public Span<sbyte> Row(int y) => Cells.AsSpan(((y + 1) * Stride) + 1, Width);

    public PixelPoint PointAt(int cell) => new((cell % Stride) - 1, (cell / Stride) - 1);
}
