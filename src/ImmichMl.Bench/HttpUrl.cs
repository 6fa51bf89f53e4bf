using System.Globalization;

namespace ImmichMl.Bench;

/// <summary>Where an Immich-compatible server listens. Plain HTTP alone: TLS would cost this program a megabyte, and a load test wants no proxy between.</summary>
sealed record HttpUrl(string Host, int Port, string Path)
{
    /// <summary>For the Host header.</summary>
    public string Authority => Port == 80 ? Bracketed : string.Create(CultureInfo.InvariantCulture, $"{Bracketed}:{Port}");

    string Bracketed => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    /// <exception cref="FormatException">It is no such URL.</exception>
    public static HttpUrl Read(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme != "http" || url.Host.Length == 0 || url.UserInfo.Length > 0)
        {
            throw new FormatException($"'{text}' is not a URL like http://localhost:3003; https is not spoken here.");
        }

        return new HttpUrl(url.Host.Trim('[', ']'), url.Port, $"{url.AbsolutePath.TrimEnd('/')}/predict");
    }

    public override string ToString() => $"http://{Authority}";
}
