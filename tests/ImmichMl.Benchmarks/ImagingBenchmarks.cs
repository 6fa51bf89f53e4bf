using BenchmarkDotNet.Attributes;
namespace ImmichMl.Benchmarks;

/// <summary>Bitmap to tensor for the sizes that previews have.</summary>
[MemoryDiagnoser]
public class ImagingBenchmarks
{
    static readonly StandardizeTable s_table = new([0.48145466f, 0.4578275f, 0.40821073f], [0.26862954f, 0.26130258f, 0.27577711f]);

    readonly Bitmap _preview = Bitmap.Allocate(1440, 1080);
    readonly float[] _tensor = new float[3 * 224 * 224];

    [GlobalSetup]
    public void Setup()
    {
        Span<byte> pixels = _preview.Pixels;
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i * 2654435761L >> 13);
        }
    }

    [Benchmark]
    public void ClipTensor224()
    {
        (int width, int height, PixelRectangle region) = CenterCrop.Plan(_preview.Width, _preview.Height, 224);
        using Bitmap cropped = Resampler.Resize(_preview, width, height, ResampleFilter.Bicubic, region);
        TensorWriter.WriteStandardized(cropped, s_table, _tensor);
    }

    [Benchmark]
    public void Lanczos992()
    {
        using Bitmap resized = Resampler.Resize(_preview, 992, 736, ResampleFilter.Lanczos);
    }
}
