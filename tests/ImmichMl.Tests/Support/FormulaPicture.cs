namespace ImmichMl.Tests.Support;

/// <summary>Pictures that a formula gives, here and in tests/golden/resample/make.py alike.</summary>
static class FormulaPicture
{
    public static Bitmap Draw(string kind, int width, int height)
    {
        var bitmap = Bitmap.Allocate(width, height);
        for (var y = 0; y < height; y++)
        {
            var row = bitmap.Row(y);
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = Value(kind, (uint)i / 3, (uint)y, (uint)i % 3);
            }
        }

        return bitmap;
    }

    static byte Value(string kind, uint x, uint y, uint c) => kind switch
    {
        "gradient" => (byte)((x * 7) + (y * 3) + (c * 50)),
        "checker" => (byte)(((x ^ y) & 1) * 255),
        "noise" => (byte)Hash(x, y, c),
        "binary" => (byte)((Hash(x, y, c) & 1) * 255),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such picture."),
    };

    static uint Hash(uint x, uint y, uint c)
    {
        var v = (x * 73856093) ^ (y * 19349663) ^ (c * 83492791);
        v = (v ^ (v >> 13)) * 0x5BD1E995;
        return v ^ (v >> 15);
    }
}
