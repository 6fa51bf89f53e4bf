using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace ImmichMl.Fetch;

/// <summary>
/// Speaks HTTP to the hub: listings page by page, files from a byte on. It follows redirects itself, because the token must not go to
/// the host that they lead to. What may help when tried again is tried again by <see cref="Retries"/>.
/// </summary>
sealed class HubClient(HubOptions options) : IDisposable
{
    /// <summary>Bytes a second. A download that stays below this is worth less than asking again.</summary>
    public const double LeastSpeed = 1000;

    const int MaxRedirects = 5;
    const int MaxPages = 20;
    const int MaxPageBytes = 4 << 20;

    readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        ResponseDrainTimeout = TimeSpan.Zero,
        UseCookies = false,
        MaxResponseHeadersLength = 64,
        InitialHttp2StreamWindowSize = 1 << 20,
    });

    readonly Uri _endpoint = new(options.Endpoint.Length > 0 ? options.Endpoint.TrimEnd('/') : "https://huggingface.co");
    readonly string? _token = options.Token.Trim() is { Length: > 0 } token ? token : Credential();

    /// <summary>Time without a byte after which a connection is given up.</summary>
    public TimeSpan Stall { get; } = TimeSpan.FromSeconds(options.DownloadTimeoutSeconds);

    /// <summary>Time over which <see cref="LeastSpeed"/> is taken.</summary>
    public TimeSpan SpeedWindow { get; init; } = TimeSpan.FromSeconds(60);

    public async Task<IReadOnlyList<TreeEntry>> ListAsync(string repo, string revision, CancellationToken cancellation)
    {
        var entries = new List<TreeEntry>();
        Uri? next = new($"{_endpoint.ToString().TrimEnd('/')}/api/models/{repo}/tree/{revision}?recursive=true");
        for (int page = 0; next is not null; page++)
        {
            if (page == MaxPages)
            {
                throw HubListing.Refused($"it has over {MaxPages} pages");
            }

            using HttpResponseMessage response = await OpenAsync(next, 0, cancellation);
            entries.AddRange(await ReadPageAsync(response, cancellation));
            next = NextOf(response, next);
        }

        return entries;
    }

    public Uri AddressOf(string repo, string revision, string path) => new(
        $"{_endpoint.ToString().TrimEnd('/')}/{repo}/resolve/{revision}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>The answer's head, 2xx or 416; its body is read by the caller.</summary>
    /// <exception cref="RetryException">The hub wants to be asked again.</exception>
    public async Task<HttpResponseMessage> OpenAsync(Uri address, long from, CancellationToken cancellation)
    {
        Uri at = address;
        for (int hop = 0; hop <= MaxRedirects; hop++)
        {
            HttpResponseMessage response = await SendAsync(at, from, cancellation);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
            {
                return response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable ? response
                    : throw FaultOf(response, at);
            }

            Uri? location = response.Headers.Location;
            response.Dispose();
            Uri to = location is null ? throw new FetchException(FetchFault.Network, $"{at.Host} redirects to nowhere.")
                : new Uri(at, location);
            if (to.Scheme is not ("http" or "https") || (at.Scheme == "https" && to.Scheme != "https"))
            {
                throw new FetchException(FetchFault.Network, $"{at.Host} redirects away from https.");
            }

            at = to;
        }

        throw new FetchException(FetchFault.Network, $"{address.Host} redirects more than {MaxRedirects} times.");
    }

    async Task<HttpResponseMessage> SendAsync(Uri address, long from, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(
            new ProductInfoHeaderValue("immich-ml-fetch", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
        }

        if (_token is not null && address.Authority == _endpoint.Authority && address.Scheme == _endpoint.Scheme)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Stall);
        return await _http.SendAsync(request, patience.Token);
    }

    /// <summary>systemd's LoadCredential: a file that only this service sees.</summary>
    static string? Credential()
    {
        string file = Path.Combine(Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") ?? "", "hf-token");
        return Path.IsPathRooted(file) && File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } token ? token : null;
    }

    static Exception FaultOf(HttpResponseMessage response, Uri address)
    {
        using (response)
        {
            string what = $"{address.Host} answers {(int)response.StatusCode} for {address.AbsolutePath}";
            return (int)response.StatusCode is 408 or 425 or 429 or >= 500
                ? new RetryException(what, WaitOf(response))
                : new FetchException(FetchFault.Network, what + ((int)response.StatusCode is 401 or 403 ? "; HF_TOKEN may help." : "."));
        }
    }

    static TimeSpan? WaitOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - TimeProvider.System.GetUtcNow(),
        _ => null,
    };

    async Task<TreeEntry[]> ReadPageAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Stall);
        await using Stream body = await BodyAsync(response, patience.Token);
        using var page = new MemoryStream();
        byte[] buffer = new byte[1 << 14];
        try
        {
            while (await body.ReadAsync(buffer, patience.Token) is > 0 and var read)
            {
                page.Write(buffer, 0, page.Length + read <= MaxPageBytes ? read : throw HubListing.Refused("a page of it is over 4 MiB"));
            }
        }
        catch (InvalidDataException e)
        {
            throw HubListing.Refused($"it does not decompress: {e.Message}");
        }

        return HubListing.Parse(page.GetBuffer().AsSpan(0, (int)page.Length));
    }

    /// <summary>The body as it was meant: a mirror may compress it though nobody asked.</summary>
    /// <exception cref="FetchException">It is encoded in a way that is not known here.</exception>
    public static async Task<Stream> BodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (IsEncoded(response) && Encoding(response) is not ("gzip" or "x-gzip"))
        {
            string host = response.RequestMessage?.RequestUri?.Host ?? "The hub";
            throw new FetchException(FetchFault.Network, $"{host} sends Content-Encoding '{Encoding(response)}', which was not asked for.");
        }

        Stream body = await response.Content.ReadAsStreamAsync(cancellation);
        return IsEncoded(response) ? new GZipStream(body, CompressionMode.Decompress) : body;
    }

    /// <summary>Ranges of an encoded body are not the file's.</summary>
    public static bool IsEncoded(HttpResponseMessage response) => Encoding(response) is not ("" or "identity");

    static string Encoding(HttpResponseMessage response) => string.Join(", ", response.Content.Headers.ContentEncoding).ToLowerInvariant();

    /// <summary>Link: &lt;…&gt;; rel="next". It may name the same host only.</summary>
    static Uri? NextOf(HttpResponseMessage response, Uri current)
    {
        string? link = response.Headers.TryGetValues("Link", out IEnumerable<string>? links)
            ? links.SelectMany(value => value.Split(',')).FirstOrDefault(one => one.Contains("rel=\"next\"", StringComparison.Ordinal))
            : null;
        int start = link?.IndexOf('<', StringComparison.Ordinal) ?? -1;
        int end = link?.IndexOf('>', StringComparison.Ordinal) ?? -1;
        if (start < 0 || end < start)
        {
            return null;
        }

        return Uri.TryCreate(current, link![(start + 1)..end], out Uri? next) && next.Authority == current.Authority
            && next.Scheme == current.Scheme
            ? next
            : throw HubListing.Refused("its next page is on another host");
    }

    public void Dispose() => _http.Dispose();
}
