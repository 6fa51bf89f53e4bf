using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>Over HTTP/1.1 as Immich's own server asks: a multipart POST a request, on connections kept as long as it keeps them.</summary>
sealed class HttpConnections : BenchConnections
{
    const int MaxBody = 128 * 1024 * 1024;

    // Long enough never to stand in a picture or a query by chance.
    const string Boundary = "immich-ml-bench-3f1b7c0d9e5a46828d1f";

    readonly Uri _url;
    readonly TimeSpan _timeout;
    readonly HttpClient _client;

    public HttpConnections(Uri url, IReadOnlyList<string> headers, TimeSpan timeout, int most)
    {
        (_url, _timeout) = (url, timeout);
        _client = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = most, AllowAutoRedirect = false, UseProxy = false, UseCookies = false,
            ActivityHeadersPropagator = null,
        })
        { Timeout = Timeout.InfiniteTimeSpan }; // Its own would end with the answer's head.
        _client.DefaultRequestHeaders.Add("Accept", "application/json");
        foreach (string header in headers)
        {
            string[] parts = header.Split(':', 2);
            if (parts.Length != 2 || !_client.DefaultRequestHeaders.TryAddWithoutValidation(parts[0], parts[1].Trim()))
            {
                throw new FormatException($"'{header}' is not a header that can be added to a request.");
            }
        }
    }

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
            return await AskOnceAsync(call, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{_url} did not answer within {_timeout.TotalSeconds:0.###} s.");
        }
    }

    async Task<Timings?> AskOnceAsync(Call call, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = Form(call) };
        using HttpResponseMessage answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (answer.Content.Headers.ContentLength is null && answer.Content.Headers.NonValidated.Contains("Content-Length"))
        {
            throw new HttpRequestException(HttpRequestError.InvalidResponse, "The answer's length is no number.");
        }

        await answer.Content.LoadIntoBufferAsync(MaxBody, cancellation);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellation);
        if ((int)answer.StatusCode is not 200 and var status)
        {
            throw new BadAnswerException($"http_{status}", Encoding.UTF8.GetString(body[..Math.Min(body.Length, 300)]));
        }

        // A document is a string inside JSON there; whether it holds the task asked for is all that a load test need know.
        bool isTimed = answer.Headers.NonValidated.TryGetValues("Server-Timing", out HeaderStringValues timing);
        return body.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"{call.Endpoint.Tasks[0].Task}\":")) > 0
            ? ServerTiming.Read(isTimed ? timing.ToString() : null)
            : throw BadAnswerException.Without(call);
    }

    /// <summary>As Node writes it: names in quotes, parts without a type but for the picture, which is not copied.</summary>
    static MultipartFormDataContent Form(Call call)
    {
        var form = new MultipartFormDataContent(Boundary)
        {
            Part("entries", Encoding.UTF8.GetBytes(Entries(call.Endpoint.Tasks))),
            call.Image is { } image ? Part("image", image, isFile: true) : Part("text", Encoding.UTF8.GetBytes(call.Text!)),
        };
        form.Headers.ContentType!.Parameters.First().Value = Boundary; // Without the quotes that .NET puts around it.
        return form;
    }

    static ByteArrayContent Part(string name, byte[] bytes, bool isFile = false)
    {
        var part = new ByteArrayContent(bytes);
        part.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = $"\"{name}\"" };
        if (isFile)
        {
            part.Headers.ContentDisposition.FileName = $"\"{name}\"";
            part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        }

        return part;
    }

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
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
