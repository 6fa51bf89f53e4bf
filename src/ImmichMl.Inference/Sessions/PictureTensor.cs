namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Pictures of one size on their way into a model: standardized planes for a float graph, the pixels themselves for a uint8 one. Native,
/// one owner.
/// </summary>
sealed class PictureTensor : IDisposable
{
    readonly PictureInput _input;
    readonly PixelLayout _format;
    readonly int _count;
    readonly int _width;
    readonly int _height;
    readonly TensorBuffer<float>? _floats;
    readonly TensorBuffer<byte>? _pixels;

    /// <summary>It holds anything at first.</summary>
    public PictureTensor(PictureInput input, PixelLayout format, int count, int width, int height)
    {
        (_input, _format, _count, _width, _height) = (input, format, count, width, height);
        int length = checked(count * LengthOf(width, height));
        _floats = input.IsPixels ? null : new TensorBuffer<float>(length);
        _pixels = input.IsPixels ? new TensorBuffer<byte>(length) : null;
    }

    /// <summary>Of a picture, in pixels.</summary>
    public int Width => _width;

    /// <summary>Numbers of one picture.</summary>
    static int LengthOf(int width, int height) => checked(Bitmap.BytesPerPixel * width * height);

    /// <summary>What a run is fed; it is this tensor's, or a copy where uint8 goes by planes.</summary>
    public ModelFeed Feed => FeedOf(0, _count);

    /// <summary>The same of some of the pictures.</summary>
    public ModelFeed FeedOf(int first, int count)
    {
        long[] shape = _input.ShapeOf(count, _height, _width);
        int length = LengthOf(_width, _height);
        (int start, int end) = (first * length, (first + count) * length);
        return _floats is not null ? new ModelFeed { Floats = _floats.Memory[start..end], Dimensions = shape }
            : new ModelFeed { Pixels = _input.IsPlanar ? ByPlanes(start, end) : _pixels!.Memory[start..end], Dimensions = shape };
    }

    /// <summary>Several of one picture as one of many, in a run of their own.</summary>
    public static PictureTensor Join(IReadOnlyList<PictureTensor> pictures)
    {
        PictureTensor first = pictures[0];
        var joined = new PictureTensor(first._input, first._format, pictures.Count, first._width, first._height);
        for (int i = 0; i < pictures.Count; i++)
        {
            int length = LengthOf(first._width, first._height);
            pictures[i]._floats?.GetSpan().CopyTo(joined._floats!.Part(i * length, length));
            pictures[i]._pixels?.GetSpan().CopyTo(joined._pixels!.Part(i * length, length));
        }

        return joined;
    }

    /// <summary>A resized picture at the top left of the first; what it does not cover stays as it is.</summary>
    public void WriteResized(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, RowBand band)
    {
        if (_pixels is not null)
        {
            Pixels(0).WriteResized(source, width, height, filter, region, band);
        }
        else
        {
            TensorWriter.WriteResized(source, width, height, filter, region, _format.Table, Planes(0), band);
        }
    }

    /// <summary>A picture at the top left of the first, black everywhere else.</summary>
    public void WriteLetterboxed(Bitmap source, in LetterboxPlan plan, RowBand band)
    {
        if (_pixels is not null)
        {
            Pixels(0).WriteLetterboxed(source, plan, band);
        }
        else
        {
            TensorWriter.WriteLetterboxed(source, plan, _format.Table, Planes(0), band);
        }
    }

    /// <summary>A picture at the top left of one, padding everywhere else.</summary>
    public void Write(int index, Bitmap bitmap)
    {
        if (_pixels is not null)
        {
            Pixels(index).Write(bitmap, _format.PixelPadding);
            return;
        }

        if ((bitmap.Width, bitmap.Height) != (_width, _height))
        {
            Clear(index);
        }

        TensorWriter.WriteTopLeft(bitmap, _format.Table, Planes(index));
    }

    /// <summary>Nothing but padding.</summary>
    public void Clear(int index)
    {
        int length = LengthOf(_width, _height);
        _pixels?.Part(index * length, length).Fill(_format.PixelPadding);
        _floats?.Part(index * length, length).Fill(_format.FloatPadding);
    }

    TensorPlanes Planes(int index) =>
        new(_floats!.Part(index * LengthOf(_width, _height), LengthOf(_width, _height)), _width, _height, _format.IsBlueFirst);

    PixelTensor Pixels(int index) =>
        new(_pixels!.Part(index * LengthOf(_width, _height), LengthOf(_width, _height)), _width, _height);

    byte[] ByPlanes(int start, int end)
    {
        ReadOnlySpan<byte> from = _pixels!.Part(start, end - start);
        byte[] to = new byte[from.Length];
        int plane = _width * _height;
        for (int i = 0; i < from.Length; i++)
        {
            int pixel = i / Bitmap.BytesPerPixel, picture = pixel / plane;
            to[(((picture * Bitmap.BytesPerPixel) + (i % Bitmap.BytesPerPixel)) * plane) + (pixel % plane)] = from[i];
        }

        return to;
    }

    public void Dispose()
    {
        (_floats as IDisposable)?.Dispose();
        (_pixels as IDisposable)?.Dispose();
    }
}

/// <summary>What is written into a <see cref="PictureTensor"/>.</summary>
/// <param name="Table">What a byte becomes in a float graph.</param>
readonly record struct PixelLayout(StandardizeTable Table)
{
    /// <summary>A float graph's planes are blue, green, red; pixels are red first always.</summary>
    public bool IsBlueFirst { get; init; }

    /// <summary>What stands in a float graph's planes where no picture is.</summary>
    public float FloatPadding { get; init; }

    /// <summary>The same of a uint8 graph, all three channels.</summary>
    public byte PixelPadding { get; init; }
}
