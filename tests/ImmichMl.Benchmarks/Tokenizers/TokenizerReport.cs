using ImmichMl.Tokenizers;

namespace ImmichMl.Benchmarks.Tokenizers;

/// <summary>
/// <c>tokenizers FOLDER [COUNT]</c>: for each FOLDER/NAME/tokenizer.json the load time, what stays resident, the cost of a short query,
/// COUNT random strings (100,000), and the longest time for 10 kB. Exit code 1 where a string threw.
/// </summary>
static class TokenizerReport
{
    const string Query = "a photo of two dogs on the beach";
    const int Kilobytes10 = 10_000;

    public static int Run(string folder, int count)
    {
        Console.WriteLine(
            "tokenizer  load ms  resident MB  query us  query bytes  strings  exceptions  longest string us  longest 10 kB ms");
        int thrown = 0;
        foreach (string file in Directory.GetFiles(folder, "tokenizer.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            thrown += Measure(file, count);
        }

        return thrown == 0 ? 0 : 1;
    }

    static int Measure(string file, int count)
    {
        long before = Resident();
        long start = Stopwatch.GetTimestamp();
        Tokenizer tokenizer = Tokenizer.Parse(File.ReadAllBytes(file));
        double load = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double resident = (Resident() - before) / 1e6;
        (double microseconds, long bytes) = Cost(tokenizer);
        var strings = new RandomText(20261125);
        int thrown = 0;
        TimeSpan longest = TimeSpan.Zero;
        for (int i = 0; i < count; i++)
        {
            TimeSpan time = Time(tokenizer, strings.Next(), ref thrown);
            longest = time > longest ? time : longest;
        }

        TimeSpan longest10 = TimeSpan.Zero;
        foreach (string text in strings.Long(Kilobytes10))
        {
            TimeSpan time = Time(tokenizer, text, ref thrown);
            longest10 = time > longest10 ? time : longest10;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Path.GetFileName(Path.GetDirectoryName(file))}  {load:0}  {resident:0.0}  {microseconds:0.0}  "
            + $"{bytes}  {count}  {thrown}  {longest.TotalMicroseconds:0}  {longest10.TotalMilliseconds:0.0}"));
        GC.KeepAlive(tokenizer);
        return thrown;
    }

    static (double Microseconds, long Bytes) Cost(Tokenizer tokenizer)
    {
        const int rounds = 5000;
        for (int i = 0; i < rounds; i++)
        {
            tokenizer.Encode(Query, 77);
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            tokenizer.Encode(Query, 77);
        }

        return (Stopwatch.GetElapsedTime(start).TotalMicroseconds / rounds, (GC.GetAllocatedBytesForCurrentThread() - bytes) / rounds);
    }

    static TimeSpan Time(Tokenizer tokenizer, string text, ref int thrown)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            tokenizer.Encode(text);
        }
        catch (Exception e)
        {
            thrown++;
            Console.WriteLine($"{e.GetType().Name} {e.Message}: {Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}");
        }

        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>After a collection that compacts, as the daemon does once work ends.</summary>
    static long Resident()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet;
    }
}
