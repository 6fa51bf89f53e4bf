namespace ImmichMl.Imaging.Wide;

/// <summary>
/// The kernels for AVX2, in C and linked into the native programs for x86-64, which run on processors without AVX2 as well. What the
/// kernels calculate stands in resample.c and warp.c; they write whole vectors and nothing behind what they are asked for.
/// </summary>
static unsafe partial class WideKernels
{
    const string Library = "immich-ml-wide";

    /// <summary>Whether they are linked in, which they are in native programs alone, and this processor has AVX2.</summary>
    public static bool IsSupported { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 && Runs();

    static bool Runs()
    {
        try
        {
            return IsThere() != 0;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        KernelPaths.LastAcross = KernelPath.Wide;
        Rows(rows, windows);
    }

    public static void Vertical(in Column column)
    {
        KernelPaths.LastDown = KernelPath.Wide;
        OneColumn(column);
    }

    public static int Planes(
        ReadOnlySpan<byte> pixels, Span<float> red, Span<float> green, Span<float> blue, in PlaneFormula formula)
    {
        var count = Math.Min(red.Length, Math.Min(green.Length, blue.Length));
        ArgumentOutOfRangeException.ThrowIfLessThan(pixels.Length, count * Bitmap.BytesPerPixel);
        fixed (byte* from = pixels)
        fixed (float* reds = red, greens = green, blues = blue)
        {
            return Planes(from, reds, greens, blues, count, formula);
        }
    }

    /// <returns>How many of the taps are done; eight bytes are read at each position.</returns>
    [LibraryImport(Library, EntryPoint = "immich_ml_wide_bilinear_across")]
    public static partial int BilinearAcross(byte* row, int* first, uint* weights, int count, short* to);

    /// <returns>How many of the bytes are done.</returns>
    [LibraryImport(Library, EntryPoint = "immich_ml_wide_bilinear_down")]
    public static partial int BilinearDown(short* upper, short* lower, int a, int b, byte* to, int count);

    /// <returns>Where it stopped: eight pixels further not all of the source is there.</returns>
    [LibraryImport(Library, EntryPoint = "immich_ml_wide_affine")]
    public static partial int Affine(
        byte* pixels, int width, int height, int startX, int startY, int* across, int* down, byte* to, int x, int end);

    /// <returns>Where it stopped: four pixels further one needs the edges of the source.</returns>
    [LibraryImport(Library, EntryPoint = "immich_ml_wide_bicubic")]
    public static partial int Bicubic(byte* pixels, int width, int height, double* matrix, double yin, byte* to, int x, int end);

    [LibraryImport(Library, EntryPoint = "immich_ml_wide_runs")]
    private static partial int IsThere();

    [LibraryImport(Library, EntryPoint = "immich_ml_wide_rows")]
    private static partial void Rows(in RowBlock rows, in WindowTable windows);

    [LibraryImport(Library, EntryPoint = "immich_ml_wide_column")]
    private static partial void OneColumn(in Column column);

    [LibraryImport(Library, EntryPoint = "immich_ml_wide_planes")]
    private static partial int Planes(byte* from, float* red, float* green, float* blue, int count, in PlaneFormula formula);
}
