using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging;

/// <summary>
/// What a model is fed for a byte v of each channel, in float32, rounded after each step as NumPy rounds: (v / 255 - mean) / std, or what
/// the functions say that make one.
/// </summary>
public sealed class StandardizeTable
{
    const int Levels = 256;

    // With a mean and a deviation there are two divisions, which are no faster than looking up.
    readonly PlaneFormula? _formula;
    readonly float[] _values = new float[Bitmap.BytesPerPixel * Levels];

    /// <summary>(v / 255 - mean) / std for each channel.</summary>
    /// <param name="mean">Three values, red first, on the scale 0 to 1.</param>
    /// <param name="std">Three values, red first, on the same scale.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not three.</exception>
    public StandardizeTable(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        CheckChannels(mean, std);
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = (((i % Levels) / 255f) - mean[i / Levels]) / std[i / Levels];
        }
    }

    StandardizeTable(PlaneFormula formula)
    {
        _formula = formula;
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = formula.ValueOf(i / Levels, i % Levels);
        }
    }

    /// <summary>v · scale - less, the same for every channel, on the scale 0 to 255, rounded to float32 after each step.</summary>
    public static StandardizeTable Scaled(float scale, float less) => new(new PlaneFormula(0, 1, _ => (scale, less)));

    /// <summary>v / 255 · (1 / std) - mean / std for each channel, all float32: Immich 3.3's order, up to 5e-7 from the other.</summary>
    /// <param name="mean">Three values, red first, on the scale 0 to 1.</param>
    /// <param name="std">Three values, red first, on the same scale.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not three.</exception>
    public static StandardizeTable ByFactors(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        CheckChannels(mean, std);
        float[] means = mean.ToArray(), deviations = std.ToArray();
        return new(new PlaneFormula(0, 255, c => (1 / deviations[c], means[c] / deviations[c])));
    }

    /// <summary>(v - subtract) / divide, the same for every channel, on the scale 0 to 255.</summary>
    public static StandardizeTable OnBytes(float subtract, float divide) => new(new PlaneFormula(subtract, divide, _ => (1, 0)));

    /// <summary>What a black pixel's red becomes.</summary>
    internal float Black => _values[0];

    static void CheckChannels(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mean.Length, Bitmap.BytesPerPixel);
        ArgumentOutOfRangeException.ThrowIfNotEqual(std.Length, Bitmap.BytesPerPixel);
    }

    /// <summary>Writes pixels into three planes of as many values.</summary>
    internal void Write(ReadOnlySpan<byte> pixels, Span<float> red, Span<float> green, Span<float> blue)
    {
        ReadOnlySpan<float> reds = _values.AsSpan(0, Levels), greens = _values.AsSpan(Levels, Levels);
        ReadOnlySpan<float> blues = _values.AsSpan(2 * Levels, Levels);
        var done = _formula is { } formula && WideKernels.IsSupported ? WideKernels.Planes(pixels, red, green, blue, formula) : 0;
        for (int i = done, p = done * Bitmap.BytesPerPixel; i < red.Length; i++, p += Bitmap.BytesPerPixel)
        {
            red[i] = reds[pixels[p]];
            green[i] = greens[pixels[p + 1]];
            blue[i] = blues[pixels[p + 2]];
        }
    }
}
