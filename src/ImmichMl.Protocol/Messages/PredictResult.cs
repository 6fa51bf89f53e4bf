using System.Buffers;
using System.Runtime.InteropServices;
using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>What the models said about one image or text.</summary>
public sealed record PredictResult : Result
{
    /// <summary>Width of the decoded picture in pixels; null for a text.</summary>
    public int? ImageWidth { get; init; }

    /// <summary>Height of the decoded picture in pixels; null for a text.</summary>
    public int? ImageHeight { get; init; }

    /// <summary>The CLIP embedding as the model gave it (not normalized here); null when not asked for.</summary>
    public float[]? Clip { get; init; }

    /// <summary>The faces, highest score first; null when not asked for, empty when there are none.</summary>
    public IReadOnlyList<FaceResult>? Faces { get; init; }

    /// <summary>The text in the picture; null when not asked for.</summary>
    public OcrResult? Ocr { get; init; }

    /// <summary>Where the time went.</summary>
    public required Timings Timings { get; init; }

    internal override void Write(ref MessagePackWriter writer)
    {
        int keys = 1 + (ImageWidth is null ? 0 : 1) + (ImageHeight is null ? 0 : 1) + (Clip is null ? 0 : 1) + (Faces is null ? 0 : 1)
            + (Ocr is null ? 0 : 1);
        writer.WriteMapHeader(keys);
        if (ImageWidth is { } width)
        {
            writer.WriteString("imageWidth"u8);
            writer.Write(width);
        }

        if (ImageHeight is { } height)
        {
            writer.WriteString("imageHeight"u8);
            writer.Write(height);
        }

        if (Clip is not null)
        {
            writer.WriteString("clip"u8);
            WriteEmbedding(ref writer, Clip);
        }

        if (Faces is not null)
        {
            writer.WriteString("facial-recognition"u8);
            writer.WriteArrayHeader(Faces.Count);
            foreach (FaceResult face in Faces)
            {
                face.Write(ref writer);
            }
        }

        if (Ocr is not null)
        {
            writer.WriteString("ocr"u8);
            Ocr.Write(ref writer);
        }

        writer.WriteString("timings"u8);
        Timings.Write(ref writer);
    }

    /// <summary>Reads the result's map.</summary>
    public static PredictResult Read(ref MessagePackReader reader)
    {
        var result = new PredictResult { Timings = new Timings() };
        for (int left = reader.ReadMap("result"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "imageWidth":
                    result = result with { ImageWidth = (int)reader.ReadCount("imageWidth", int.MaxValue) };
                    break;
                case "imageHeight":
                    result = result with { ImageHeight = (int)reader.ReadCount("imageHeight", int.MaxValue) };
                    break;
                case "clip":
                    result = result with { Clip = ReadEmbedding(ref reader) };
                    break;
                case "facial-recognition":
                    result = result with { Faces = reader.ReadArray("facial-recognition", FaceResult.Read) };
                    break;
                case "ocr":
                    result = result with { Ocr = OcrResult.Read(ref reader) };
                    break;
                case "timings":
                    result = result with { Timings = Timings.Read(ref reader) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return result;
    }

    /// <summary>Little-endian float32, as every platform that this runs on keeps them.</summary>
    internal static void WriteEmbedding(ref MessagePackWriter writer, float[] embedding) => writer.Write(MemoryMarshal.AsBytes<float>(embedding));

    internal static float[] ReadEmbedding(ref MessagePackReader reader)
    {
        ReadOnlySequence<byte> bytes = reader.ReadBinary("An embedding");
        if (bytes.Length % sizeof(float) != 0)
        {
            throw ProtocolException.Invalid($"An embedding of {bytes.Length} bytes is not made of float32.");
        }

        var embedding = new float[bytes.Length / sizeof(float)];
        bytes.CopyTo(MemoryMarshal.AsBytes(embedding.AsSpan()));
        return embedding;
    }
}
