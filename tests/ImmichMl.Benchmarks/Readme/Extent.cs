namespace ImmichMl.Benchmarks.Readme;

/// <summary>How much is measured.</summary>
/// <param name="Starts">Of the daemon.</param>
/// <param name="Images">Sent over the socket and over HTTP.</param>
/// <param name="Rounds">That count; one more, the first, warms.</param>
/// <param name="Turn">Of one side within a round.</param>
/// <param name="ColdAnswers">Of each model, prepared and plain.</param>
/// <param name="PreparedWithin">For which a copy is waited.</param>
/// <param name="Mixed">Requests after which memory is looked at.</param>
/// <param name="SentOfStorm">Bytes that a peer sends of what it announced.</param>
sealed record Extent(
    int Starts, int Images, int Rounds, TimeSpan Turn, int ColdAnswers, TimeSpan PreparedWithin, int Mixed, int SentOfStorm)
{
    /// <summary>About ten minutes.</summary>
    public static Extent Full { get; } = new(15, 2000, 5, TimeSpan.FromSeconds(6), 9, TimeSpan.FromSeconds(120), 400, 64 << 20);

    /// <summary>Under three minutes; never quoted.</summary>
    public static Extent Quick { get; } = new(5, 300, 1, TimeSpan.FromSeconds(2), 3, TimeSpan.FromSeconds(30), 60, 64 << 10);
}
