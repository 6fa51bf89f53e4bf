using Microsoft.AspNetCore.Connections.Features;

namespace ImmichMl.Gateway;

/// <summary>
/// Says <c>Connection: close</c> where a connection has had its requests or its time, and on every answer while draining. A caller that
/// keeps its connections would otherwise give all its work to the replica that it found first.
/// </summary>
sealed class ConnectionLife(GatewayOptions options, Drain drain, TimeProvider time)
{
    static readonly object s_key = new();

    sealed class Use(long since)
    {
        public long Since { get; } = since;

        public int Requests { get; set; }
    }

    /// <summary>True while draining, which may begin after a request did.</summary>
    public bool IsEnding => drain.IsDraining;

    /// <summary>Once for each request, before its answer.</summary>
    /// <returns>True where this is to be the connection's last answer.</returns>
    public bool IsLast(HttpContext context)
    {
        // HTTP/1.1 alone is spoken here: one request at a time on a connection.
        if (context.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
        {
            return drain.IsDraining;
        }

        Use use = items.TryGetValue(s_key, out object? kept) ? (Use)kept! : new Use(time.GetTimestamp());
        items[s_key] = use;
        use.Requests++;
        return drain.IsDraining
            || (options.RequestsPerConnection > 0 && use.Requests >= options.RequestsPerConnection)
            || (options.ConnectionAgeSeconds > 0 && time.GetElapsedTime(use.Since).TotalSeconds >= options.ConnectionAgeSeconds);
    }
}
