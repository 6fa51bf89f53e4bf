namespace ImmichMl.Imaging.Resampling;

static class FixedPoint
{
    /// <summary>The sum already holds the half that makes the shift round.</summary>
    public static byte ToByte(int sum) => (byte)Math.Clamp(sum >> ResampleWindows.FractionBits, byte.MinValue, byte.MaxValue);
}
