namespace ImmichMl.Imaging;

/// <summary>The three planes (CHW) of one picture of an NCHW float32 tensor, where they lie: each height rows of width values.</summary>
public readonly ref struct TensorPlanes
{
    readonly Span<float> _red;
    readonly Span<float> _green;
    readonly Span<float> _blue;

    /// <summary>Over memory that stays the caller's.</summary>
    /// <param name="tensor">Exactly three planes, 3 · width · height values.</param>
    /// <param name="width">Of a plane.</param>
    /// <param name="height">Of a plane.</param>
    /// <param name="blueFirst">As models want it that were taught with OpenCV; else red is first.</param>
    public TensorPlanes(Span<float> tensor, int width, int height, bool blueFirst = false)
    {
        var plane = width * height;
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.BytesPerPixel * plane);
        Width = width;
        Height = height;
        _green = tensor.Slice(plane, plane);
        Span<float> first = tensor[..plane], last = tensor[(2 * plane)..];
        _red = blueFirst ? last : first;
        _blue = blueFirst ? first : last;
    }

    /// <summary>Of a plane.</summary>
    public int Width { get; }

    /// <summary>Of a plane.</summary>
    public int Height { get; }

    /// <summary>Writes pixels at the left of row <paramref name="y"/>.</summary>
    internal void Write(int y, ReadOnlySpan<byte> pixels, StandardizeTable table)
    {
        int at = y * Width, count = pixels.Length / Bitmap.BytesPerPixel;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Width);
        table.Write(pixels, _red.Slice(at, count), _green.Slice(at, count), _blue.Slice(at, count));
    }

    /// <summary>One value in rows from column <paramref name="left"/> on.</summary>
    internal void Fill(int first, int count, int left, float value)
    {
        for (var y = first; y < first + count; y++)
        {
            int at = (y * Width) + left, length = Width - left;
            _red.Slice(at, length).Fill(value);
            _green.Slice(at, length).Fill(value);
            _blue.Slice(at, length).Fill(value);
        }
    }
}
