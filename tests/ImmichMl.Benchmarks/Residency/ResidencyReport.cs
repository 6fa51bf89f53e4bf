namespace ImmichMl.Benchmarks.Residency;

/// <summary>
/// The bars of memory and scheduling, each against a published daemon: <c>backlog</c>, <c>batching</c>, <c>soak</c>. The cache holds <see
/// cref="Workload"/>'s models: CLIP by make_clip.py (b32, and b32 with a free batch), a SCRFD detector with any recognizer, PP-OCR. The
/// corpus has folders formats, hostile, photos, text.
/// </summary>
static class ResidencyReport
{
    public static async Task<int> RunAsync(string bar, string binary, string cache, string corpus)
    {
        var work = new Workload(binary, cache, corpus);
        Func<Workload, Task>? run = bar switch
        {
            "backlog" => Backlog.RunAsync,
            "batching" => Batching.RunAsync,
            "soak" => Soak.RunAsync,
            _ => null,
        };
        if (run is null)
        {
            Console.Error.WriteLine($"There is no bar '{bar}'.");
            return 2;
        }

        await run(work);
        return 0;
    }

    public static void Row(string what, FormattableString figure) =>
        Console.WriteLine($"| {what} | {FormattableString.Invariant(figure)} |");
}
