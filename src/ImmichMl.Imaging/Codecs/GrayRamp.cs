namespace ImmichMl.Imaging.Codecs;

/// <summary>What Pillow 9.4 gives for an index past the palette: the index itself, as gray.</summary>
static class GrayRamp
{
    /// <summary>The palette, continued to so many colours.</summary>
    public static byte[] After(ReadOnlySpan<byte> palette, int bytesPerColour, int colours)
    {
        var whole = new byte[bytesPerColour * colours];
        for (var i = 0; i < colours; i++)
        {
            whole.AsSpan(bytesPerColour * i, 3).Fill((byte)i);
        }

        palette[..Math.Min(palette.Length, whole.Length)].CopyTo(whole);
        return whole;
    }
}
