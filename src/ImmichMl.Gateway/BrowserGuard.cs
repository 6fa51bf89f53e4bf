using System.Net;

namespace ImmichMl.Gateway;

/// <summary>
/// Keeps pages of other sites from using a visitor's browser as their way in: by a form or a script (cross-site requests), or by a name
/// of their own that resolves to this machine (DNS rebinding). Programs send none of these headers, and reach /predict by any name.
/// </summary>
sealed class BrowserGuard(GatewayOptions options, Access access)
{
    /// <summary>
    /// Nobody can buy a name below these: RFC 6761, 6762 and 8375, ICANN's <c>internal</c>, and what routers give out and is not delegated.
    /// </summary>
    static readonly string[] s_privateZones =
        [".localhost", ".local", ".internal", ".home.arpa", ".test", ".lan", ".home", ".corp", ".localdomain"];

    /// <exception cref="HttpFault">A browser asks on behalf of another site's page, or may be doing so.</exception>
    public void Check(HttpRequest request, string path)
    {
        string site = request.Headers["Sec-Fetch-Site"].ToString(), origin = request.Headers.Origin.ToString();

        // Browsers send Sec-Fetch-* over HTTPS and to localhost only; over plain HTTP Origin is all there is. Node's fetch sends
        // Sec-Fetch-Mode, so that alone says nothing.
        bool isForeign = site.Length > 0
            ? site is not ("same-origin" or "none") && !IsNavigation(request)
            : origin.Length > 0 && !IsOwn(origin, request.Host);
        if (isForeign)
        {
            throw new HttpFault(403, "cross_site", "Pages of other sites may not ask here.");
        }

        bool isBrowser = site.Length > 0 || origin.Length > 0;
        bool isReadable = path is "/status" or "/status.json" or "/metrics" || InferenceProtocolEndpoint.Knows(path)
            || (path == "/predict" && isBrowser);
        if (isReadable && access.IsOpen && !request.IsHttps && !IsKnown(request.Host.Host))
        {
            throw new HttpFault(403, "unknown_host",
                $"Asked for as {request.Host.Host}, which may be anybody's name for this machine. Ask by address or by a name without "
                + "dots, set IMMICH_HOST to that name, or set MACHINE_LEARNING_API_KEY.");
        }
    }

    /// <summary>A link was followed: the other page sees nothing of what comes.</summary>
    static bool IsNavigation(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    /// <summary>The scheme is left out: behind a proxy that speaks HTTPS the page's is another one.</summary>
    static bool IsOwn(string origin, HostString host) =>
        origin.IndexOf("://", StringComparison.Ordinal) is >= 0 and var end
        && origin.AsSpan(end + 3).Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    /// <summary>Over HTTPS the certificate proves the name; with a key a page would have to know it.</summary>
    bool IsKnown(string host)
    {
        string name = host.TrimEnd('.');
        return !name.Contains('.', StringComparison.Ordinal)
            || IPAddress.TryParse(name, out _)
            || name.Equals(options.Host.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)
            || s_privateZones.Any(zone => name.EndsWith(zone, StringComparison.OrdinalIgnoreCase));
    }
}
