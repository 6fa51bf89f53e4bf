namespace ImmichMl.Tests.Support;

/// <summary>An answer in two words, such as "7 ok" or "7 overloaded"; "closed" where the daemon has closed the connection.</summary>
static class Outcome
{
    public static async Task<string> OutcomeAsync(this RawPeer peer, double seconds = 30) => Of(await peer.ReceiveAsync(null, seconds));

    /// <summary>So many answers, in the order of their words.</summary>
    public static async Task<string> OutcomesAsync(this RawPeer peer, int count)
    {
        var outcomes = new List<string>();
        for (int i = 0; i < count; i++)
        {
            outcomes.Add(await peer.OutcomeAsync());
        }

        return string.Join(", ", outcomes.Order(StringComparer.Ordinal));
    }

    public static string Of(Response? answer) => answer is null ? "closed" : $"{answer.Id} {answer.Error?.Code.Name ?? "ok"}";
}
