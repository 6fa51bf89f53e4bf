using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>One face.</summary>
public sealed record FaceResult
{
    /// <summary>x1, y1, x2, y2 in source pixels, rounded; they may lie outside the picture.</summary>
    public required float[] BoundingBox { get; init; }

    /// <summary>The detector's score, 0 to 1.</summary>
    public required float Score { get; init; }

    /// <summary>x0 y0 … x4 y4 in source pixels: left eye, right eye, nose, left and right corner of the mouth; null for a model without landmarks.</summary>
    public float[]? Landmarks { get; init; }

    /// <summary>The recognizer's embedding (not normalized); null when only detection was asked for.</summary>
    public float[]? Embedding { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(2 + (Landmarks is null ? 0 : 1) + (Embedding is null ? 0 : 1));
        writer.WriteString("boundingBox"u8);
        OcrResult.WriteFloats(ref writer, BoundingBox);
        writer.WriteString("score"u8);
        writer.Write(Score);
        if (Landmarks is not null)
        {
            writer.WriteString("landmarks"u8);
            OcrResult.WriteFloats(ref writer, Landmarks);
        }

        if (Embedding is not null)
        {
            writer.WriteString("embedding"u8);
            PredictResult.WriteEmbedding(ref writer, Embedding);
        }
    }

    internal static FaceResult Read(ref MessagePackReader reader)
    {
        var face = new FaceResult { BoundingBox = [], Score = 0 };
        for (int left = reader.ReadMap("A face"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "boundingBox":
                    face = face with { BoundingBox = reader.ReadFloats("boundingBox") };
                    break;
                case "score":
                    face = face with { Score = (float)reader.ReadNumber("score") };
                    break;
                case "landmarks":
                    face = face with { Landmarks = reader.ReadFloats("landmarks") };
                    break;
                case "embedding":
                    face = face with { Embedding = PredictResult.ReadEmbedding(ref reader) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return face;
    }
}
