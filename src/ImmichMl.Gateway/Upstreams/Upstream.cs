namespace ImmichMl.Gateway.Upstreams;

/// <summary>
/// One that answers predictions: the daemon at our socket, or an Immich-compatible service at a URL. What is known of it changes under
/// the lock of its <see cref="UpstreamPool"/>.
/// </summary>
/// <param name="name">As logs, metrics and the page show it: <c>local</c>, or host and port; a path may hold a key.</param>
/// <param name="address">Ends with a slash; null for the daemon at our socket.</param>
sealed class Upstream(string name, Uri? address)
{
    /// <summary>What is sent at once to one that has just come up.</summary>
    public const double FirstWindow = 4;

    /// <summary>One without a limit of its own would be sent a whole backlog.</summary>
    public const double LargestWindow = 32;

    public string Name { get; } = name;

    public Uri? Address { get; } = address;

    public bool IsLocal => Address is null;

    /// <summary>It answers. Believed of each until it has been asked.</summary>
    public bool IsUp { get; set; } = true;

    /// <summary>It takes work: not while it loads or drains.</summary>
    public bool IsReady { get; set; } = true;

    /// <summary>Requests at it now.</summary>
    public int InFlight { get; set; }

    /// <summary>Requests that it may have at once: grows with answers, shrinks where it says that it is too busy.</summary>
    public double Window { get; set; } = LargestWindow;

    /// <summary>It has said that it is too busy: from there on one answer more does not mean one request more.</summary>
    public bool WasBusy { get; set; }

    /// <summary>Timestamp before which it wants no request.</summary>
    public long NotBefore { get; set; }

    /// <summary>Checks in a row that were not answered.</summary>
    public int Missed { get; set; }

    public long Answered { get; set; }

    public long Failed { get; set; }

    /// <summary>Ends the requests at it: it is gone, and they will not be answered.</summary>
    public CancellationTokenSource Gone { get; set; } = new();
}
