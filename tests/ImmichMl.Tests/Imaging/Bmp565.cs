using System.Buffers.Binary;

namespace ImmichMl.Tests.Imaging;

/// <summary>A second opinion on 16-bit BMP with 5, 6 and 5 bits, rows from the top down.</summary>
static class Bmp565
{
    /// <summary>The largest difference of a byte.</summary>
    public static int Distance(byte[] image, Bitmap bitmap)
    {
        var rows = image.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(10)));
        var stride = ((bitmap.Width * 2) + 3) / 4 * 4;
        var distance = 0;
        for (var y = 0; y < bitmap.Height; y++)
        {
            var row = rows[(stride * y)..];
            for (var x = 0; x < bitmap.Width; x++)
            {
                int value = BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * x)..]);
                var pixel = bitmap.Row(y).Slice(3 * x, 3);
                distance = Math.Max(distance, Math.Abs(pixel[0] - ((value >> 11) * 255 / 31)));
                distance = Math.Max(distance, Math.Abs(pixel[1] - (((value >> 5) & 63) * 255 / 63)));
                distance = Math.Max(distance, Math.Abs(pixel[2] - ((value & 31) * 255 / 31)));
            }
        }

        return distance;
    }
}
