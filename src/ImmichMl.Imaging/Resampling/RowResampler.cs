using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Resampling;

/// <summary>
/// Gives the rows of a resized region one after the other. Rows that were filtered along are kept only as long as a window reads them,
/// so memory follows the height of a window and not that of the picture.
/// </summary>
sealed unsafe class RowResampler : IDisposable
{
    readonly Bitmap _source;
    readonly PixelRectangle _region;
    readonly KernelPath _path;
    readonly ResampleWindows? _across;
    readonly ResampleWindows? _down;
    readonly byte[] _buffer;
    readonly int _stride;
    readonly int _capacity;
    int _first;
    int _end;

    /// <summary>As in Pillow, a side that keeps its length is not filtered at all.</summary>
    public RowResampler(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, KernelPath path)
    {
        _source = source;
        _region = region;
        _path = path;
        _stride = region.Width * Bitmap.BytesPerPixel;
        _across = width == source.Width ? null : new ResampleWindows(source.Width, width, filter, region.X, region.Width);
        _down = height == source.Height ? null : new ResampleWindows(source.Height, height, filter, region.Y, region.Height);
        _first = _end = _down?.First ?? region.Y;
        _capacity = _across is null ? 0 : (2 * (_down?.Longest ?? 1)) + RowBlock.MostRows;
        _buffer = ArrayPool<byte>.Shared.Rent(checked((_capacity * _stride) + Bitmap.Padding));
    }

    /// <summary>Row <paramref name="y"/> of the region; every call asks for a row further down than the one before.</summary>
    public void Write(int y, byte* to)
    {
        var start = _down?.Start(y) ?? _region.Y + y;
        var length = _down?.Length(y) ?? 1;
        fixed (byte* source = _source.Pixels, buffer = _buffer)
        {
            byte* from;
            nint stride;
            if (_across is null)
            {
                stride = _source.Stride;
                from = source + (start * stride) + ((nint)_region.X * Bitmap.BytesPerPixel);
            }
            else
            {
                Fill(_across, source, buffer, start, start + length);
                stride = _stride;
                from = buffer + ((start - _first) * stride);
            }

            if (_down is null)
            {
                NativeMemory.Copy(from, to, (nuint)_stride);
            }
            else
            {
                _down.Filter(_path, y, from, stride, to, _stride);
            }
        }
    }

    /// <summary>Filters along the rows up to <paramref name="end"/>; those before <paramref name="start"/> may go.</summary>
    void Fill(ResampleWindows across, byte* source, byte* buffer, int start, int end)
    {
        while (_end < end)
        {
            if (_end - _first + RowBlock.MostRows > _capacity)
            {
                var kept = Math.Max(_end - start, 0);
                Buffer.MemoryCopy(buffer + ((nint)(_end - kept - _first) * _stride), buffer, _buffer.Length, (long)kept * _stride);
                _first = _end - kept;
            }

            var rows = Math.Min(RowBlock.MostRows, (_down?.End ?? _region.Y + _region.Height) - _end);
            across.Filter(_path, new RowBlock
            {
                From = source + ((nint)_end * _source.Stride),
                FromStride = _source.Stride,
                To = buffer + ((nint)(_end - _first) * _stride),
                ToStride = _stride,
                Count = rows,
            });
            _end += rows;
        }
    }

    public void Dispose()
    {
        _across?.Dispose();
        _down?.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }
}
