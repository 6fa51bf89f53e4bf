using System.Net.Sockets;
using System.Text;

namespace ImmichMl.Bench;

/// <summary>Over HTTP/1.1 as Immich's own server asks: a multipart POST a request, on connections kept as long as it keeps them.</summary>
sealed class HttpConnections : BenchConnections
{
    // Long enough never to stand in a picture or a query by chance.
    const string Boundary = "immich-ml-bench-3f1b7c0d9e5a46828d1f";

    readonly Uri _url;
    readonly TimeSpan _timeout;
    readonly string _headers;
    readonly HttpConnection?[] _open;

    /// <exception cref="FormatException">A header is none, or one that the form has of its own.</exception>
    public HttpConnections(Uri url, IReadOnlyList<string> headers, TimeSpan timeout, int most)
    {
        (_url, _timeout, _open) = (url, timeout, new HttpConnection?[most]);
        if (headers.FirstOrDefault(header => !IsHeader(header)) is { } wrong)
        {
            throw new FormatException($"'{wrong}' is not a header that can be added to a request.");
        }

        _headers = string.Concat(headers.Select(header => $"{header}\r\n"));
    }

    /// <summary>RFC 9110, 5.1: a name of visible characters, a colon, a value in one line.</summary>
    static bool IsHeader(string header) => header.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
        && header.AsSpan(0, colon).IndexOfAnyExceptInRange('!', '~') < 0 && header.AsSpan().IndexOfAny('\r', '\n') < 0
        && !header.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Plain HTTP alone: a load test wants no proxy between, and what TLS costs is no part of what is measured.</summary>
    /// <exception cref="FormatException">It is no such URL.</exception>
    public static Uri ReadUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url is { Scheme: "http", Host.Length: > 0, UserInfo.Length: 0 }
            ? new Uri($"{url.GetLeftPart(UriPartial.Path).TrimEnd('/')}/predict")
            : throw new FormatException($"'{text}' is not a URL like http://localhost:3003; https is not spoken here.");

    public override async Task<Timings?> AskAsync(int slot, Call call, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_timeout);
        try
        {
            return await AskOnceAsync(slot, call, limit.Token);
        }
        catch (Exception e) when (e is not BadAnswerException)
        {
            Close(slot);
            throw e is OperationCanceledException && !cancellation.IsCancellationRequested
                ? new TimeoutException($"{_url} did not answer within {_timeout.TotalSeconds:0.###} s.") : e is SocketException
                ? new IOException($"No connection to {_url}: {e.Message}", e) : e;
        }
    }

    async Task<Timings?> AskOnceAsync(int slot, Call call, CancellationToken cancellation)
    {
        if (_open[slot] is { HasEnded: true })
        {
            Close(slot);
        }

        HttpConnection connection = _open[slot] ??= await HttpConnection.OpenAsync(_url, cancellation);
        HttpAnswer answer = await connection.AskAsync(Request(call), cancellation);
        if (answer.Closes)
        {
            Close(slot);
        }

        if (answer.Status != 200)
        {
            throw new BadAnswerException(
                $"http_{answer.Status}", Encoding.UTF8.GetString(answer.Body[..Math.Min(answer.Body.Length, 300)]));
        }

        // A document is a string inside JSON there; whether it holds the task asked for is all that a load test need know.
        return answer.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"{call.Endpoint.Tasks[0].Task}\":")) > 0
            ? ServerTiming.Read(answer.ServerTiming)
            : throw BadAnswerException.Without(call);
    }

    void Close(int slot)
    {
        _open[slot]?.Dispose();
        _open[slot] = null;
    }

    /// <summary>As Node writes it: names in quotes, parts without a type but for the picture, which is not copied.</summary>
    ReadOnlyMemory<byte>[] Request(Call call)
    {
        string entries = Part("entries", "") + Entries(call.Endpoint.Tasks);
        byte[] before = Encoding.UTF8.GetBytes(call.Image is null
            ? entries + Part("text", "") + (call.Text ?? throw new InvalidOperationException("A call has neither a picture nor a text."))
            : entries + Part("image", "; filename=\"image\"\r\nContent-Type: application/octet-stream"));
        byte[] after = Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");

        // The first part's own line break ends the head.
        long length = before.Length - 2 + (call.Image?.Length ?? 0) + after.Length;
        string head = string.Create(CultureInfo.InvariantCulture, $"POST {_url.AbsolutePath} HTTP/1.1\r\nHost: {_url.Authority}\r\n")
            + $"Accept: application/json\r\n{_headers}Content-Type: multipart/form-data; boundary={Boundary}\r\n"
            + $"Content-Length: {length}\r\n";
        return [Encoding.UTF8.GetBytes(head), before, call.Image ?? [], after];
    }

    static string Part(string name, string more) => $"\r\n--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n";

    /// <summary>Immich's <c>entries</c>: what was not given is left out; the object is always there, as some insist.</summary>
    static string Entries(IReadOnlyList<TaskEntry> tasks) => JsonText.Of(tasks.GroupBy(entry => entry.Task).Select(task => (task.Key,
        JsonText.Of(task.Select(entry => (entry.Type, Entry(entry))))))).ToString();

    static JsonText Entry(TaskEntry entry) => JsonText.Of(("modelName", entry.ModelName), ("options", Options(entry.Options)));

    static JsonText Options(TaskOptions options)
    {
        (string Name, JsonText Value)[] all =
        [
            ("minScore", JsonText.Raw(options.MinScore?.ToString("R", CultureInfo.InvariantCulture))),
            ("maxResolution", options.MaxResolution), ("language", options.Language),
        ];
        return JsonText.Of(all.Where(option => !option.Value.IsNull));
    }

    public override ValueTask DisposeAsync()
    {
        Array.ForEach(_open, connection => connection?.Dispose());
        return ValueTask.CompletedTask;
    }
}
