namespace ImmichMl.Imaging.Headers;

/// <summary>The chunks of a WebP up to its first picture (RFC 9649): canvas, and a first frame that agrees with it.</summary>
static class WebPHeader
{
    const int RiffBytes = 12;
    const int FrameHeaderBytes = 16;

    public static ImageHeader Read(ReadOnlySpan<byte> image, ImageLimits limits)
    {
        // Bytes after the end of the RIFF chunk are not part of the picture.
        long end = 8L + BinaryPrimitives.ReadUInt32LittleEndian(image[4..]);
        if (end > image.Length || end < RiffBytes)
        {
            throw Truncated();
        }

        var rest = image[RiffBytes..(int)end];
        var first = WebPChunk.Next(ref rest);
        if (!first.Is("VP8X"u8))
        {
            var (across, down) = WebPBitstream.Size(first) ?? throw ImageException.Unreadable("The WebP begins with an unknown chunk.");
            return ImageHeader.Create(ImageFormat.WebP, across, down, limits);
        }

        if (first.Data.Length < 10)
        {
            throw Truncated();
        }

        var canvas = ImageHeader.Create(ImageFormat.WebP, 1 + UInt24(first.Data[4..]), 1 + UInt24(first.Data[7..]), limits);
        CheckFirstFrame(rest, canvas);
        return canvas;
    }

    static void CheckFirstFrame(ReadOnlySpan<byte> rest, ImageHeader canvas)
    {
        while (true)
        {
            var chunk = WebPChunk.Next(ref rest);
            if (chunk.Is("ANMF"u8))
            {
                CheckAnimationFrame(chunk.Data, canvas);
                return;
            }

            if (WebPBitstream.Size(chunk) is { } size)
            {
                Check(size == (canvas.Width, canvas.Height));
                return;
            }
        }
    }

    static void CheckAnimationFrame(ReadOnlySpan<byte> frame, ImageHeader canvas)
    {
        if (frame.Length < FrameHeaderBytes)
        {
            throw Truncated();
        }

        // Offsets are stored halved, sizes less one.
        int left = 2 * UInt24(frame), top = 2 * UInt24(frame[3..]);
        int width = 1 + UInt24(frame[6..]), height = 1 + UInt24(frame[9..]);
        Check(left + width <= canvas.Width && top + height <= canvas.Height);
        var rest = frame[FrameHeaderBytes..];
        while (true)
        {
            if (WebPBitstream.Size(WebPChunk.Next(ref rest)) is { } size)
            {
                Check(size == (width, height));
                return;
            }
        }
    }

    static void Check(bool agrees)
    {
        if (!agrees)
        {
            throw ImageException.Unreadable("The first frame of the WebP does not agree with its canvas.");
        }
    }

    static int UInt24(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);

    internal static ImageException Truncated() => ImageException.Unreadable("The WebP is truncated.");
}
