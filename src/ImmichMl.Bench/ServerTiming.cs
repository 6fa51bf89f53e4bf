namespace ImmichMl.Bench;

/// <summary>The header in which our gateway says where the time went; other servers do not send it.</summary>
public static class ServerTiming
{
    public static string[] Stages { get; } = ["queue", "decode", "preprocess", "inference", "postprocess", "total"];

    internal static Timings? Read(string? header)
    {
        if (header is null)
        {
            return null;
        }

        var stages = new Dictionary<string, double>();
        foreach (string metric in header.Split(','))
        {
            string[] parts = metric.Split(';', StringSplitOptions.TrimEntries);
            string? duration = parts.Skip(1).FirstOrDefault(part => part.StartsWith("dur=", StringComparison.Ordinal));
            if (double.TryParse(duration?[4..], NumberStyles.Float, CultureInfo.InvariantCulture, out double milliseconds))
            {
                stages[parts[0]] = milliseconds;
            }
        }

        return !stages.TryGetValue("total", out double total) ? null : new Timings
        {
            Queue = stages.GetValueOrDefault("queue"), Decode = stages.GetValueOrDefault("decode"),
            Preprocess = stages.GetValueOrDefault("preprocess"), Inference = stages.GetValueOrDefault("inference"),
            Postprocess = stages.GetValueOrDefault("postprocess"), Total = total,
        };
    }

    /// <summary>In the order of <see cref="Stages"/>.</summary>
    internal static ReadOnlySpan<double> Values(Timings timings) =>
        (double[])[timings.Queue, timings.Decode, timings.Preprocess, timings.Inference, timings.Postprocess, timings.Total];
}
