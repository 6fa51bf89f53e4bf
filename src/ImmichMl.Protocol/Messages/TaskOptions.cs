using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>The options of one task. What is null was not given and takes the daemon's default.</summary>
public sealed record TaskOptions
{
    /// <summary>No option given.</summary>
    public static readonly TaskOptions None = new();

    /// <summary>The score under which a detection or a text is dropped; scores lie between 0 and 1.</summary>
    public double? MinScore { get; init; }

    /// <summary>OCR detection: the shorter side to scale to, in pixels. What no picture has counts as the largest that does.</summary>
    public int? MaxResolution { get; init; }

    /// <summary>OCR detection: <c>fast</c> or <c>slow</c>.</summary>
    public string? ScoreMode { get; init; }

    /// <summary>CLIP textual: the language of the query, such as <c>de</c> or <c>de-AT</c>.</summary>
    public string? Language { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        int keys = (MinScore is null ? 0 : 1) + (MaxResolution is null ? 0 : 1) + (ScoreMode is null ? 0 : 1) + (Language is null ? 0 : 1);
        writer.WriteMapHeader(keys);
        if (MinScore is { } minScore)
        {
            writer.WriteString("minScore"u8);
            writer.Write(minScore);
        }

        if (MaxResolution is { } maxResolution)
        {
            writer.WriteString("maxResolution"u8);
            writer.Write(maxResolution);
        }

        if (ScoreMode is not null)
        {
            writer.WriteString("scoreMode"u8);
            writer.Write(ScoreMode);
        }

        if (Language is not null)
        {
            writer.WriteString("language"u8);
            writer.Write(Language);
        }
    }

    internal static TaskOptions Read(ref MessagePackReader reader)
    {
        TaskOptions options = None;
        for (int left = reader.ReadMap("options"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "minScore":
                    options = options with { MinScore = reader.ReadNumber("minScore") };
                    break;
                case "maxResolution":
                    options = options with { MaxResolution = (int)Math.Min(reader.ReadUnsigned("maxResolution"), int.MaxValue) };
                    break;
                case "scoreMode":
                    options = options with { ScoreMode = ReadScoreMode(ref reader) };
                    break;
                case "language":
                    options = options with { Language = reader.ReadText("language", TaskEntry.MaxNameBytes) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return options;
    }

    static string ReadScoreMode(ref MessagePackReader reader) => reader.ReadText("scoreMode", TaskEntry.MaxNameBytes) switch
    {
        "fast" => "fast",
        "slow" => "slow",
        string other => throw ProtocolException.Invalid($"scoreMode '{other}' is neither 'fast' nor 'slow'."),
    };
}
