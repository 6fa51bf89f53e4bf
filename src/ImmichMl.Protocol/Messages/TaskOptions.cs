namespace ImmichMl.Protocol.Messages;

/// <summary>The options of one task. What is null was not given and takes the daemon's default.</summary>
public sealed record TaskOptions
{
    /// <summary>No option given.</summary>
    public static readonly TaskOptions None = new();

    /// <summary>
    /// The score under which a detection or a text is dropped, 0 to 1; 0.7 for faces, 0.5 for detected and 0.9 for recognized text lines
    /// unless given. Any finite number is taken.
    /// </summary>
    public double? MinScore { get; init; }

    /// <summary>OCR detection: the shorter side to scale down to, in pixels; 736 unless given, over 65,535 counts as that.</summary>
    public int? MaxResolution { get; init; }

    /// <summary>OCR detection: what a box's score is the mean over, its rectangle (<c>fast</c>, null) or outline (<c>slow</c>).</summary>
    public string? ScoreMode { get; init; }

    /// <summary>CLIP textual: the language of the query, such as <c>de</c> or <c>de-AT</c>; only NLLB models heed it.</summary>
    public string? Language { get; init; }

    static readonly Codec<int> s_clamped =
        Codecs.Of((ref reader, what) => (int)Math.Min(reader.ReadUnsigned(what), int.MaxValue), (ref writer, value) => writer.Write(value));

    internal static readonly MapCodec<TaskOptions> Map = new MapCodec<TaskOptions>(None)
        .Maybe("minScore", Codecs.Number, o => o.MinScore, (o, value) => o with { MinScore = value })
        .Maybe("maxResolution", s_clamped, o => o.MaxResolution, (o, value) => o with { MaxResolution = value })
        .Maybe("scoreMode", Codecs.Choice(("fast", "fast"), ("slow", "slow")), o => o.ScoreMode, (o, value) => o with { ScoreMode = value })
        .Maybe("language", Codecs.Name, o => o.Language, (o, value) => o with { Language = value });
}
