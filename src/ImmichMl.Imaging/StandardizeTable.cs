using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging;

/// <summary>
/// What a model is fed for a byte v of each channel: (v / 255 - mean) / std or (v - subtract) / divide, in float32, rounded after each step
/// as NumPy rounds.
/// </summary>
public sealed class StandardizeTable
{
    const int Levels = 256;

    // Of OnBytes; with a mean and a deviation there are two divisions, which are no faster than looking up.
    readonly (float Subtract, float Divide)? _onBytes;
    readonly float[] _values = new float[Bitmap.BytesPerPixel * Levels];

    /// <summary>(v / 255 - mean) / std for each channel.</summary>
    /// <param name="mean">Three values, red first, on the scale 0 to 1.</param>
    /// <param name="std">Three values, red first, on the same scale.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not three.</exception>
    public StandardizeTable(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mean.Length, Bitmap.BytesPerPixel);
        ArgumentOutOfRangeException.ThrowIfNotEqual(std.Length, Bitmap.BytesPerPixel);
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = (((i % Levels) / 255f) - mean[i / Levels]) / std[i / Levels];
        }
    }

    StandardizeTable(Func<int, float> value)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = value(i % Levels);
        }
    }

    StandardizeTable(float subtract, float divide)
    {
        _onBytes = (subtract, divide);
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = ((i % Levels) - subtract) / divide;
        }
    }

    /// <summary>v · scale - subtract, the same for every channel, on the scale 0 to 255, rounded to float32 after each step.</summary>
    public static StandardizeTable Scaled(float scale, float subtract) => new(value => (value * scale) - subtract);

    /// <summary>v / 255 · (1 / std) - mean / std for each channel, all float32: Immich 3.3's order, up to 5e-7 from the other.</summary>
    /// <param name="mean">Three values, red first, on the scale 0 to 1.</param>
    /// <param name="std">Three values, red first, on the same scale.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not three.</exception>
    public static StandardizeTable ByFactors(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        var table = new StandardizeTable(mean, std);
        for (var i = 0; i < table._values.Length; i++)
        {
            int c = i / Levels;
            float scale = 1 / std[c], subtract = mean[c] / std[c], product = i % Levels / 255f * scale;
            table._values[i] = product - subtract;
        }

        return table;
    }

    /// <summary>(v - subtract) / divide, the same for every channel, on the scale 0 to 255.</summary>
    public static StandardizeTable OnBytes(float subtract, float divide) => new(subtract, divide);

    /// <summary>What a black pixel's red becomes.</summary>
    internal float Black => _values[0];

    /// <summary>Writes pixels into three planes of as many values.</summary>
    internal void Write(ReadOnlySpan<byte> pixels, Span<float> red, Span<float> green, Span<float> blue)
    {
        ReadOnlySpan<float> reds = _values.AsSpan(0, Levels), greens = _values.AsSpan(Levels, Levels);
        ReadOnlySpan<float> blues = _values.AsSpan(2 * Levels, Levels);
        var done = _onBytes is { } values && WideKernels.IsSupported
            ? WideKernels.Planes(pixels, red, green, blue, values.Subtract, values.Divide)
            : 0;
        for (int i = done, p = done * Bitmap.BytesPerPixel; i < red.Length; i++, p += Bitmap.BytesPerPixel)
        {
            red[i] = reds[pixels[p]];
            green[i] = greens[pixels[p + 1]];
            blue[i] = blues[pixels[p + 2]];
        }
    }
}
