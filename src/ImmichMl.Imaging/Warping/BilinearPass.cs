namespace ImmichMl.Imaging.Warping;

/// <summary>
/// Filters each source row that is needed once along the row, to 16 bits, and mixes two of those for each target row. OpenCV
/// keeps 32 bits between the two but drops the lower four before it multiplies, so 16 hold all that counts.
/// </summary>
static unsafe class BilinearPass
{
    /// <returns>The path that did the larger part of the work along the rows.</returns>
    public static KernelPath Run(Bitmap source, int width, int height, RowBand band, Bitmap target, KernelPath path)
    {
        // Vectors end up to 32 bytes behind the last pixel.
        var rowLength = ((width * Bitmap.BytesPerPixel) + 32) & ~15;
        var rowsLength = (nuint)rowLength * 2 * sizeof(short);
        var memory = (byte*)NativeMemory.Alloc(rowsLength + ((nuint)LinearTaps.BytesPerPosition * (nuint)(width + band.Count)));
        try
        {
            var block = (short*)memory;
            var columns = new LinearTaps(source.Width, width, new RowBand(0, width), clamp: true, memory + rowsLength);
            var rows = new LinearTaps(source.Height, height, band, clamp: false, (byte*)(columns.Pairs + columns.Count));
            var ran = KernelPath.Scalar;
            var held = (Upper: -1, Lower: -1);
            short* upper = block, lower = block + rowLength;
            for (var y = 0; y < band.Count; y++)
            {
                var first = Math.Clamp(rows.First[y], 0, source.Height - 1);
                var second = Math.Clamp(rows.First[y] + 1, 0, source.Height - 1);
                if (held.Upper != first && held.Lower == first)
                {
                    var spare = upper;
                    upper = lower;
                    lower = spare;
                    held = (held.Lower, held.Upper);
                }

                if (held.Upper != first)
                {
                    ran = Across(source, first, columns, upper, path);
                    held.Upper = first;
                }

                if (held.Lower != second)
                {
                    ran = Across(source, second, columns, lower, path);
                    held.Lower = second;
                }

                Down(upper, lower, rows.FirstWeight(y), rows.SecondWeight(y), target.Row(y)[..(width * Bitmap.BytesPerPixel)], path);
            }

            return ran;
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    static KernelPath Across(Bitmap source, int y, in LinearTaps taps, short* to, KernelPath path)
    {
        fixed (byte* row = source.Row(y))
        {
            var done = path == KernelPath.Scalar ? 0 : BilinearVectors.Across(row, source.Stride, taps, to, path);
            for (var x = done; x < taps.Count; x++)
            {
                int a = taps.FirstWeight(x), b = taps.SecondWeight(x);
                var pixel = row + ((nint)taps.First[x] * Bitmap.BytesPerPixel);
                var next = b == 0 ? pixel : pixel + Bitmap.BytesPerPixel;
                for (var c = 0; c < Bitmap.BytesPerPixel; c++)
                {
                    to[(x * Bitmap.BytesPerPixel) + c] = (short)(((pixel[c] * a) + (next[c] * b)) >> 4);
                }
            }

            return done > 0 ? path : KernelPath.Scalar;
        }
    }

    static void Down(short* upper, short* lower, int a, int b, Span<byte> to, KernelPath path)
    {
        var done = path == KernelPath.Scalar ? 0 : BilinearVectors.Down(upper, lower, (short)a, (short)b, to, path);
        for (var i = done; i < to.Length; i++)
        {
            to[i] = (byte)((((upper[i] * a) >> 16) + ((lower[i] * b) >> 16) + 2) >> 2);
        }
    }
}
