using System.Buffers.Binary;

namespace ImmichMl.Benchmarks.Daemon;

/// <summary>
/// Does memory grow with the shapes that come by? Pictures of as many aspect ratios, from 1 : 4 to 4 : 1 and about a megapixel each,
/// through text and faces of one daemon, one after another.
/// </summary>
static class ShapeRun
{
    const int Count = 300;
    const double Pixels = 1_000_000;

    // No divisor of Count: neighbours in time are no neighbours in shape.
    const int Stride = 97;

    /// <param name="binary">The published daemon.</param>
    /// <param name="cache">A model cache.</param>
    /// <param name="pictures">A folder of pictures with text and faces; each is squeezed into many shapes.</param>
    /// <param name="ocr">Name of the text models, or "-".</param>
    /// <param name="faces">Name of the face models, or "-".</param>
    public static async Task RunAsync(string binary, string cache, string pictures, string ocr, string faces)
    {
        TaskEntry[] tasks = [.. Tasks("ocr", ocr), .. Tasks("facial-recognition", faces)];
        string[] files = [.. Directory.GetFiles(pictures, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        using DaemonProcess daemon = await DaemonProcess.StartAsync(binary, cache);
        await using var client = new MlClient(new MlClientOptions { SocketPath = daemon.SocketPath });
        var milliseconds = new List<double>();
        (long after50, int lines, int found) = (0, 0, 0);
        for (int i = 1; i <= Count; i++)
        {
            byte[] picture = Squeeze(files[i % files.Length], i * Stride % Count);
            long since = Stopwatch.GetTimestamp();
            PredictResult result = await client.PredictAsync(
                new PredictRequest { Id = 0, Tasks = tasks, Image = new ReadOnlySequence<byte>(picture) });
            milliseconds.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            lines += result.Ocr?.Text?.Count ?? 0;
            found += result.Faces?.Count ?? 0;
            after50 = i == 50 ? daemon.Status("VmRSS") : after50;
            if (i % 50 == 0)
            {
                Console.WriteLine($"| RSS after picture {i} | {daemon.Status("VmRSS"):N0} kB, high water {daemon.Status("VmHWM"):N0} kB |");
            }
        }

        double growth = daemon.Status("VmRSS") / (double)after50;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| RSS after {Count} over RSS after 50 | {growth:0.000} |"));
        Console.WriteLine($"| found | {lines} texts, {found} faces |");
        Console.WriteLine($"| a request | {new Figures(milliseconds)} |");
        await Task.Delay(TimeSpan.FromSeconds(15));
        Console.WriteLine($"| RSS 15 s later | {daemon.Status("VmRSS"):N0} kB |");
    }

    static IEnumerable<TaskEntry> Tasks(string task, string model) => model == "-"
        ? []
        : [new TaskEntry { Task = task, Type = "detection", ModelName = model },
            new TaskEntry { Task = task, Type = "recognition", ModelName = model }];

    static byte[] Squeeze(string file, int shape)
    {
        double ratio = 0.25 * Math.Pow(16, shape / (double)(Count - 1));
        int width = (int)Math.Sqrt(Pixels * ratio);
        int height = (int)(Pixels / width);
        byte[] encoded = File.ReadAllBytes(file);
        using Bitmap source = ImageDecoder.Decode(encoded, ImageHeader.Read(encoded, new ImageLimits()));
        using Bitmap squeezed = Resampler.Resize(source, width, height, ResampleFilter.Bicubic);
        return Bmp(squeezed);
    }

    static byte[] Bmp(Bitmap bitmap)
    {
        const int Header = 54;
        int stride = (bitmap.Stride + 3) & ~3;
        byte[] bmp = new byte[Header + (stride * bitmap.Height)];
        "BM"u8.CopyTo(bmp);
        Span<(int Offset, int Value)> fields =
            [(2, bmp.Length), (10, Header), (14, 40), (18, bitmap.Width), (22, bitmap.Height), (26, 1), (28, 24),
                (34, stride * bitmap.Height)];
        foreach ((int offset, int value) in fields)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(offset), value);
        }

        for (int y = 0; y < bitmap.Height; y++)
        {
            Span<byte> row = bmp.AsSpan(Header + ((bitmap.Height - 1 - y) * stride), bitmap.Stride);
            bitmap.Row(y).CopyTo(row);
            for (int x = 0; x < row.Length; x += 3)
            {
                (row[x], row[x + 2]) = (row[x + 2], row[x]);
            }
        }

        return bmp;
    }
}
