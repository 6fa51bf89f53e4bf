namespace ImmichMl.Tests.Support;

/// <summary>Formula pictures as files.</summary>
static class TestPicture
{
    public static byte[] Bmp(int width, int height, string kind = "noise")
    {
        using Bitmap bitmap = FormulaPicture.Draw(kind, width, height);
        return DemoPicture.EncodeBmp(width, height, bitmap.Pixels);
    }
}
