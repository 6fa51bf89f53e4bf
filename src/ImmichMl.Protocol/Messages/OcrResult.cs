using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>The text lines of a picture, top to bottom, then left to right; the four lists run in step.</summary>
public sealed record OcrResult
{
    const int MaxLineBytes = 64 * 1024;

    /// <summary>What was read; null when only detection was asked for.</summary>
    public IReadOnlyList<string>? Text { get; init; }

    /// <summary>Eight numbers a line: x then y of the corners clockwise from the top left, divided by the picture's width and height.</summary>
    public required float[] Box { get; init; }

    /// <summary>The detector's score of each line, 0 to 1.</summary>
    public required float[] BoxScore { get; init; }

    /// <summary>The recognizer's score of each line, 0 to 1; null when only detection was asked for.</summary>
    public float[]? TextScore { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(2 + (Text is null ? 0 : 1) + (TextScore is null ? 0 : 1));
        if (Text is not null)
        {
            writer.WriteString("text"u8);
            writer.WriteArrayHeader(Text.Count);
            foreach (string line in Text)
            {
                writer.Write(line);
            }
        }

        writer.WriteString("box"u8);
        WriteFloats(ref writer, Box);
        writer.WriteString("boxScore"u8);
        WriteFloats(ref writer, BoxScore);
        if (TextScore is not null)
        {
            writer.WriteString("textScore"u8);
            WriteFloats(ref writer, TextScore);
        }
    }

    internal static OcrResult Read(ref MessagePackReader reader)
    {
        var ocr = new OcrResult { Box = [], BoxScore = [] };
        for (int left = reader.ReadMap("ocr"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "text":
                    ocr = ocr with { Text = reader.ReadArray("text", (ref item) => item.ReadText("text", MaxLineBytes)) };
                    break;
                case "box":
                    ocr = ocr with { Box = reader.ReadFloats("box") };
                    break;
                case "boxScore":
                    ocr = ocr with { BoxScore = reader.ReadFloats("boxScore") };
                    break;
                case "textScore":
                    ocr = ocr with { TextScore = reader.ReadFloats("textScore") };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return ocr;
    }

    internal static void WriteFloats(ref MessagePackWriter writer, float[] values)
    {
        writer.WriteArrayHeader(values.Length);
        foreach (float value in values)
        {
            writer.Write(value);
        }
    }
}
