using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>How long one stage of a model's requests took.</summary>
public sealed record LatencyHistogram
{
    /// <summary>The model.</summary>
    public required ModelAddress Model { get; init; }

    /// <summary>A key of <see cref="Timings"/>, such as <c>inference</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>Requests counted.</summary>
    public long Count { get; init; }

    /// <summary>Their time together, in milliseconds.</summary>
    public double SumMs { get; init; }

    /// <summary>Upper bounds of the buckets, in milliseconds, rising.</summary>
    public required double[] BucketsMs { get; init; }

    /// <summary>Requests in each bucket.</summary>
    public required long[] Counts { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(ModelAddress.Keys + 5);
        Model.Write(ref writer);
        writer.WriteString("stage"u8);
        writer.Write(Stage);
        writer.WriteString("count"u8);
        writer.Write(Count);
        writer.WriteString("sumMs"u8);
        writer.Write(SumMs);
        writer.WriteString("bucketsMs"u8);
        writer.WriteArrayHeader(BucketsMs.Length);
        foreach (double bound in BucketsMs)
        {
            writer.Write(bound);
        }

        writer.WriteString("counts"u8);
        writer.WriteArrayHeader(Counts.Length);
        foreach (long count in Counts)
        {
            writer.Write(count);
        }
    }

    internal static LatencyHistogram Read(ref MessagePackReader reader)
    {
        MessagePackReader again = reader;
        var histogram = new LatencyHistogram { Model = ModelAddress.Read(ref reader), Stage = "", BucketsMs = [], Counts = [] };
        for (int left = again.ReadMap("A histogram"); left > 0; left--)
        {
            switch (again.ReadKey())
            {
                case "stage":
                    histogram = histogram with { Stage = again.ReadText("stage", TaskEntry.MaxNameBytes) };
                    break;
                case "count":
                    histogram = histogram with { Count = again.ReadCount("count") };
                    break;
                case "sumMs":
                    histogram = histogram with { SumMs = again.ReadNumber("sumMs") };
                    break;
                case "bucketsMs":
                    histogram = histogram with { BucketsMs = again.ReadArray("bucketsMs", (ref item) => item.ReadNumber("bucketsMs")) };
                    break;
                case "counts":
                    histogram = histogram with { Counts = again.ReadArray("counts", (ref item) => item.ReadCount("counts")) };
                    break;
                default:
                    again.Skip();
                    break;
            }
        }

        return histogram;
    }
}
