namespace ImmichMl.Tests.Support;

/// <summary>
/// One face as FaceModels' detector sees it: the middle in pixels of a 640 × 640 picture, and which stride's colour it has.
/// </summary>
internal readonly record struct DrawnFace(int X, int Y, int Stride, byte Purity = 255);

/// <summary>Pictures of 640 × 640, or a multiple of it, with faces on grey noise.</summary>
internal static class FacePicture
{
    public const int Side = 640;

    /// <summary>21 in a grid, far enough apart not to overlap.</summary>
    public static IEnumerable<DrawnFace> Group(int count) =>
        Enumerable.Range(0, count).Select(i => new DrawnFace(80 + (i % 5 * 112), 80 + (i / 5 * 112), 8, (byte)(255 - i)));

    public static byte[] Draw(IEnumerable<DrawnFace> faces, int scale = 1)
    {
        var side = Side * scale;
        var rgb = new byte[side * side * 3];
        for (var i = 0; i < side * side; i++)
        {
            // Differs between fields of 8 pixels too, so that no two faces have the same surroundings.
            var (x, y) = (i % side, i / side);
            rgb.AsSpan(i * 3, 3).Fill((byte)((((x / 8) * 37) + ((y / 8) * 91)) % 200));
        }

        foreach (var face in faces)
        {
            // The pixel under the cell's corner and its neighbours, so that scaling does not blur it.
            for (var y = (face.Y - 2) * scale; y < (face.Y + 3) * scale; y++)
            {
                for (var x = (face.X - 2) * scale; x < (face.X + 3) * scale; x++)
                {
                    var pixel = rgb.AsSpan(((y * side) + x) * 3, 3);
                    pixel.Clear();
                    pixel[face.Stride == 8 ? 0 : face.Stride == 16 ? 1 : 2] = face.Purity;
                }
            }
        }

        return DemoPicture.EncodeBmp(side, side, rgb);
    }
}
