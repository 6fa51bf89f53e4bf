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

    static readonly Codec<int> s_clamped =
        Codecs.Of((ref reader, what) => (int)Math.Min(reader.ReadUnsigned(what), int.MaxValue), (ref writer, value) => writer.Write(value));

    internal static readonly MapCodec<TaskOptions> Map = new MapCodec<TaskOptions>(None)
        .Maybe("minScore", Codecs.Number, o => o.MinScore, (o, value) => o with { MinScore = value })
        .Maybe("maxResolution", s_clamped, o => o.MaxResolution, (o, value) => o with { MaxResolution = value })
        .Maybe("scoreMode", Codecs.Choice(("fast", "fast"), ("slow", "slow")), o => o.ScoreMode, (o, value) => o with { ScoreMode = value })
        .Maybe("language", Codecs.Name, o => o.Language, (o, value) => o with { Language = value });
}
