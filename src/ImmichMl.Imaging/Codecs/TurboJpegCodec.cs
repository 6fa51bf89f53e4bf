namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// libjpeg-turbo: JPEG in half of Skia's time, and the same pixels. What it refuses or warns of, odd chroma sampling above all, other
/// codecs judge, so the verdict does not depend on the library.
/// </summary>
static unsafe class TurboJpegCodec
{
    public static bool IsAvailable => TurboJpegLibrary.Functions is not null;

    /// <param name="image">The whole encoded image.</param>
    /// <param name="header">What its header says.</param>
    /// <param name="isJudged">It is known to be readable, so warnings do not count: what is missing is gray, as with Pillow.</param>
    /// <returns>Null where another codec must judge.</returns>
    public static Bitmap? TryDecode(ReadOnlySpan<byte> image, in ImageHeader header, bool isJudged = false)
    {
        if (TurboJpegLibrary.Functions is not { } functions)
        {
            return null;
        }

        var decoder = functions.Init();
        if (decoder == 0)
        {
            return null;
        }

        try
        {
            fixed (byte* bytes = image)
            {
                var length = new CULong((nuint)image.Length);
                int width, height, sampling, space;
                if (functions.Header(decoder, bytes, length, &width, &height, &sampling, &space) != 0
                    || width != header.Width || height != header.Height)
                {
                    return null;
                }

                var source = new Source(functions, decoder, bytes, length, isJudged);
                return space is TurboJpegLibrary.SpaceCmyk or TurboJpegLibrary.SpaceYcck
                    ? FromCmyk(source, header)
                    : FromRgb(source, header);
            }
        }
        finally
        {
            _ = functions.Destroy(decoder);
        }
    }

    static Bitmap? FromRgb(in Source source, in ImageHeader header)
    {
        var bitmap = Bitmap.Allocate(header.Width, header.Height);
        fixed (byte* pixels = bitmap.Pixels)
        {
            if (source.TryDecompress(pixels, header, TurboJpegLibrary.Rgb))
            {
                return bitmap;
            }
        }

        bitmap.Dispose();
        return null;
    }

    /// <summary>Four bytes a pixel, then three in the same block.</summary>
    static Bitmap? FromCmyk(in Source source, in ImageHeader header)
    {
        var pixels = (byte*)NativeMemory.Alloc((nuint)Bitmap.ByteCount(header.Width, header.Height, 4));
        try
        {
            if (!source.TryDecompress(pixels, header, TurboJpegLibrary.Cmyk))
            {
                return null;
            }

            CmykToRgb.Compact(pixels, header.Width * header.Height);
            return Bitmap.Adopt(ref pixels, header.Width, header.Height);
        }
        finally
        {
            NativeMemory.Free(pixels);
        }
    }

    readonly struct Source(TurboJpegLibrary.Entries functions, nint decoder, byte* bytes, CULong length, bool isJudged)
    {
        /// <summary>False where another codec must judge. A pitch of 0 means tightly packed rows.</summary>
        public bool TryDecompress(byte* pixels, in ImageHeader header, int format)
        {
            var flags = isJudged ? 0 : TurboJpegLibrary.StopOnWarning;
            return functions.Decompress(decoder, bytes, length, pixels, header.Width, 0, header.Height, format, flags) == 0
                || (isJudged && functions.Error(decoder) == TurboJpegLibrary.Warning);
        }
    }
}
