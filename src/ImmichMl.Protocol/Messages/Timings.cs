using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>Where a request's time went, in milliseconds.</summary>
public sealed record Timings
{
    /// <summary>Waiting for admission, a model and a place.</summary>
    public double Queue { get; init; }

    /// <summary>Encoded image to bitmap.</summary>
    public double Decode { get; init; }

    /// <summary>Bitmap or text to tensor.</summary>
    public double Preprocess { get; init; }

    /// <summary>Model runs.</summary>
    public double Inference { get; init; }

    /// <summary>Tensor to answer.</summary>
    public double Postprocess { get; init; }

    /// <summary>Arrival of the frame to the answer.</summary>
    public double Total { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(6);
        writer.WriteString("queue"u8);
        writer.Write(Queue);
        writer.WriteString("decode"u8);
        writer.Write(Decode);
        writer.WriteString("preprocess"u8);
        writer.Write(Preprocess);
        writer.WriteString("inference"u8);
        writer.Write(Inference);
        writer.WriteString("postprocess"u8);
        writer.Write(Postprocess);
        writer.WriteString("total"u8);
        writer.Write(Total);
    }

    internal static Timings Read(ref MessagePackReader reader)
    {
        var timings = new Timings();
        for (int left = reader.ReadMap("timings"); left > 0; left--)
        {
            string stage = reader.ReadKey();
            timings = stage switch
            {
                "queue" => timings with { Queue = reader.ReadNumber(stage) },
                "decode" => timings with { Decode = reader.ReadNumber(stage) },
                "preprocess" => timings with { Preprocess = reader.ReadNumber(stage) },
                "inference" => timings with { Inference = reader.ReadNumber(stage) },
                "postprocess" => timings with { Postprocess = reader.ReadNumber(stage) },
                "total" => timings with { Total = reader.ReadNumber(stage) },
                _ => Skipped(ref reader, timings),
            };
        }

        return timings;
    }

    static Timings Skipped(ref MessagePackReader reader, Timings timings)
    {
        reader.Skip();
        return timings;
    }
}
