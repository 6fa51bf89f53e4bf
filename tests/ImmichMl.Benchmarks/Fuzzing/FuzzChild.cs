namespace ImmichMl.Benchmarks.Fuzzing;

/// <summary>One worker process, its lines, and a watch over its time and memory.</summary>
sealed class FuzzChild(CodecChoice codec, string seed, int first, int end, string[] folders)
{
    static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(20);

    long _progress;
    int _last;

    public long PeakBytes { get; private set; }

    public int Findings { get; private set; }

    public List<KeyValuePair<string, int>> Verdicts { get; } = [];

    /// <summary>The last number begun, and what ended the child before its time: "hang", "memory", "crash", or null.</summary>
    public async Task<(int Last, string? Felled)> WatchAsync(TimeSpan patience, long mostBytes)
    {
        using Process worker = Start();
        _progress = Stopwatch.GetTimestamp();
        _last = first;
        Task reading = ReadAsync(worker.StandardOutput);
        string? felled = null;
        while (!worker.HasExited)
        {
            await Task.WhenAny(worker.WaitForExitAsync(), Task.Delay(s_glance));
            PeakBytes = Math.Max(PeakBytes, ResidentBytes(worker.Id));
            felled = Stopwatch.GetElapsedTime(Interlocked.Read(ref _progress)) > patience ? "hang"
                : PeakBytes > mostBytes ? "memory"
                : null;
            if (felled is not null)
            {
                worker.Kill();
                break;
            }
        }

        await worker.WaitForExitAsync();
        await reading;
        return (_last, felled ?? (worker.ExitCode == 0 ? null : "crash"));
    }

    Process Start()
    {
        // Started by way of "dotnet" the program's own path is not ours but dotnet's, and the assembly must be named.
        string program = Environment.ProcessPath!, self = Path.Combine(AppContext.BaseDirectory, "ImmichMl.Benchmarks.dll");
        string[] prefix = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [self] : [];
        return Process.Start(new ProcessStartInfo(program,
            [.. prefix, "fuzz-worker", codec.ToString(), seed, Text(first), Text(end), .. folders])
        {
            RedirectStandardOutput = true,
        })!;
    }

    async Task ReadAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            Interlocked.Exchange(ref _progress, Stopwatch.GetTimestamp());
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                _last = number;
            }
            else if (line.Split(' ', 3) is ["verdict", var count, var verdict])
            {
                Verdicts.Add(new(verdict, int.Parse(count, CultureInfo.InvariantCulture)));
            }
            else
            {
                Findings++;
                Console.WriteLine($"{codec} {line}");
            }
        }
    }

    /// <summary>The high-water mark, so that a peak between two glances is not missed.</summary>
    static long ResidentBytes(int process)
    {
        try
        {
            var line = File.ReadLines(
                $"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0
                : long.Parse(line.AsSpan(6, line.Length - 6 - 2), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
                    CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0; // It has just ended.
        }
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
