namespace ImmichMl.Benchmarks.Imaging;

/// <summary>
/// <c>imaging FOLDER</c>: one line "name milliseconds" for each step, on one thread, on the files that compare.py has written there. The
/// script times Pillow and OpenCV on the same files and puts both side by side. A new row is one line in <see cref="Rows"/> and one there.
/// </summary>
static class ImagingReport
{
    static readonly StandardizeTable s_table = new([0.48145466f, 0.4578275f, 0.40821073f], [0.26862954f, 0.26130258f, 0.27577711f]);

    public static void Run(string folder)
    {
        Console.WriteLine($"path {KernelPaths.Best}");
        foreach (var (name, action) in Rows(folder))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {Median(action):0.000}"));
        }
    }

    static IEnumerable<(string Name, Action Action)> Rows(string folder)
    {
        byte[] baseline = Read("baseline.jpg"), progressive = Read("progressive.jpg"), large = Read("large.jpg"), png = Read("picture.png");
        Bitmap preview = Decode(baseline, CodecChoice.Auto);
        float[] tensor = new float[3 * 224 * 224];
        yield return ("fused-224", () =>
        {
            var (width, height, region) = CenterCrop.Plan(preview.Width, preview.Height, 224);
            var planes = new TensorPlanes(tensor, region.Width, region.Height);
            TensorWriter.WriteResized(
                preview, width, height, ResampleFilter.Bicubic, region, s_table, planes, new RowBand(0, region.Height));
        });
        yield return ("bicubic-298x224", () => Resampler.Resize(preview, 298, 224, ResampleFilter.Bicubic).Dispose());
        yield return ("bicubic-853x640", () => Resampler.Resize(preview, 853, 640, ResampleFilter.Bicubic).Dispose());
        yield return ("lanczos-992x736", () => Resampler.Resize(preview, 992, 736, ResampleFilter.Lanczos).Dispose());
        var letterbox = Letterbox.Plan(preview.Width, preview.Height, 640, 640);
        yield return ("letterbox-640", () => Letterbox.Apply(preview, letterbox, 640, 640).Dispose());

        // A face that is turned by 14 degrees and half the picture high.
        var face = new AffineMatrix(0.1942, 0.0485, -90.5, -0.0485, 0.1942, -12.25);
        yield return ("warp-112", () => AffineWarp.Warp(preview, face, 112, 112).Dispose());
        foreach (var choice in (CodecChoice[])[CodecChoice.Turbo, CodecChoice.Skia, CodecChoice.Managed])
        {
            yield return ($"jpeg-baseline-{choice}", () => Decode(baseline, choice).Dispose());
            yield return ($"jpeg-progressive-{choice}", () => Decode(progressive, choice).Dispose());
            yield return ($"jpeg-12mp-{choice}", () => Decode(large, choice).Dispose());
        }

        yield return ("png-Skia", () => Decode(png, CodecChoice.Skia).Dispose());
        yield return ("png-Managed", () => Decode(png, CodecChoice.Managed).Dispose());

        byte[] Read(string name) => File.ReadAllBytes(Path.Combine(folder, name));
    }

    static Bitmap Decode(byte[] image, CodecChoice choice) =>
        ImageDecoder.Decode(image, ImageHeader.Read(image, new ImageLimits()), choice);

    /// <summary>The median of the runs that fit into half a second, but at least seven, after two for warming up.</summary>
    static double Median(Action action)
    {
        action();
        action();
        var times = new List<double>();
        var start = Stopwatch.GetTimestamp();
        while (times.Count < 7 || Stopwatch.GetElapsedTime(start).TotalSeconds < 0.5)
        {
            var run = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(run).TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }
}
