namespace ImmichMl.Imaging.Resampling;

/// <summary>The curves of Pillow's Resample.c; zero outside their support, which is in pixels of a source that is not shrunk.</summary>
static class ResampleKernel
{
    public static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Bilinear => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        ResampleFilter.Box => 0.5,
        ResampleFilter.Hamming => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(filter)),
    };

    public static double Weight(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Bilinear => Math.Max(1 - Math.Abs(x), 0),
        ResampleFilter.Bicubic => Cubic(Math.Abs(x)),
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResampleFilter.Hamming => Hamming(Math.Abs(x)),
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    /// <summary>Keys' cubic convolution with a = -0.5.</summary>
    static double Cubic(double x)
    {
        const double a = -0.5;
        return x switch
        {
            < 1 => ((((a + 2) * x) - (a + 3)) * x * x) + 1,
            < 2 => ((((x - 5) * x) + 8) * x - 4) * a,
            _ => 0,
        };
    }

    // Its two numbers are single precision there.
    static double Hamming(double x) => x switch
    {
        0 => 1,
        < 1 => Math.Sin(x * Math.PI) / (x * Math.PI) * (0.54f + (0.46f * Math.Cos(x * Math.PI))),
        _ => 0,
    };

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
