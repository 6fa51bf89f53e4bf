using System.Buffers;
using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace ImmichMl.Gateway.Upstreams;

/// <summary>
/// Asks one upstream over HTTP, by YARP's forwarder. Its answer is read as a whole, within limits, and looked at before any of it goes on:
/// until then the request can be tried elsewhere.
/// </summary>
sealed class UpstreamForwarder(IHttpForwarder forwarder, GatewayOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Gateways in a row, ours among them: settings that lead in a circle end here.</summary>
    public const string HopsHeader = "X-Immich-Ml-Hops";

    public const int MostHops = 4;

    static readonly TimeSpan s_connect = TimeSpan.FromSeconds(3);

    /// <summary>Less than the 2 s that Immich's own service and we keep a connection: none is used that is being closed.</summary>
    static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);

    /// <summary>Names are looked up anew, and new replicas behind one get work.</summary>
    static readonly TimeSpan s_age = TimeSpan.FromMinutes(1);

    readonly HttpMessageInvoker _invoker = new(new SocketsHttpHandler
    {
        // Nothing is asked but what the settings name: no proxy of the environment, no redirect, no cookie.
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = s_connect,
        PooledConnectionIdleTimeout = s_idle,
        PooledConnectionLifetime = s_age,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
    });

    /// <summary>For checks of health too.</summary>
    public HttpMessageInvoker Invoker => _invoker;

    public async Task<UpstreamReply> AskAsync(
        Upstream upstream, IReadOnlyList<TaskEntry> tasks, PredictForm form, HttpContext context, TimeSpan left, CancellationToken gone)
    {
        left = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
        Stream callers = context.Request.Body;
        var exchange = new Exchange(upstream, tasks, new FormBody(form), time);
        using var enough = new CancellationTokenSource(left, time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(gone, enough.Token, context.RequestAborted);
        try
        {
            context.Request.Body = exchange.Body;
            var limits = new ForwarderRequestConfig
            {
                ActivityTimeout = left,
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            ForwarderError error =
                await forwarder.SendAsync(context, upstream.Address!.AbsoluteUri, _invoker, limits, exchange, any.Token);
            context.RequestAborted.ThrowIfCancellationRequested();
            return exchange.Reply ?? Explain(error, context, enough.IsCancellationRequested);
        }
        finally
        {
            // What YARP made of it is not our answer.
            context.Request.Body = callers;
            context.Response.StatusCode = 200;
            context.Features.Set<IForwarderErrorFeature>(null);
        }
    }

    UpstreamReply Explain(ForwarderError error, HttpContext context, bool isLate)
    {
        Exception? cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        return isLate ? new UpstreamReply(ReplyKind.Wrong, $"no answer within {options.RequestTimeoutSeconds} s", 504)
            : IsAway(cause) ? new UpstreamReply(ReplyKind.Away, "not to be reached")
            : new UpstreamReply(ReplyKind.Lost, $"no answer ({error})");
    }

    /// <summary>No connection came about.</summary>
    public static bool IsAway(Exception? cause) => cause is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError,
    };

    public void Dispose() => _invoker.Dispose();

    /// <summary>One request there and what came back.</summary>
    sealed class Exchange(Upstream upstream, IReadOnlyList<TaskEntry> tasks, FormBody body, TimeProvider time) : HttpTransformer
    {
        /// <summary>A thousand faces take 7 MB.</summary>
        const int MaxAnswer = 16 * 1024 * 1024;

        const int MaxFault = 64 * 1024;

        /// <summary>Answers beyond a first block that are read at once: each may take <see cref="MaxAnswer"/>.</summary>
        static readonly SemaphoreSlim s_large = new(2);

        /// <summary>An answer comes in one go once it has begun.</summary>
        static readonly TimeSpan s_reading = TimeSpan.FromSeconds(30);

        static readonly SearchValues<char> s_timing =
            SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789;=., _-");

        public FormBody Body => body;

        public UpstreamReply? Reply { get; private set; }

        public override ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            proxyRequest.RequestUri = new Uri(upstream.Address!, "predict");
            HttpRequest request = httpContext.Request;
            proxyRequest.Headers.TryAddWithoutValidation("X-Request-Id", httpContext.Response.Headers["X-Request-Id"].ToString());
            proxyRequest.Headers.TryAddWithoutValidation(HopsHeader, (HopsOf(request) + 1).ToString(CultureInfo.InvariantCulture));
            if (httpContext.TraceIdentifier.EndsWith(request.Headers.TraceParent.ToString(), StringComparison.Ordinal))
            {
                proxyRequest.Headers.TryAddWithoutValidation("traceparent", (string?)request.Headers.TraceParent);
            }

            proxyRequest.Content!.Headers.TryAddWithoutValidation("Content-Type", body.ContentType);
            proxyRequest.Content.Headers.ContentLength = body.Length;
            return ValueTask.CompletedTask;
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (proxyResponse is not null)
            {
                using var late = new CancellationTokenSource(s_reading, time);
                using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
                try
                {
                    Reply = await ReadAsync(proxyResponse, enough.Token);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    Reply = new UpstreamReply(ReplyKind.Wrong, "an answer that did not end");
                }
                catch (Exception e) when (e is IOException or HttpRequestException)
                {
                    Reply = new UpstreamReply(ReplyKind.Lost, "half an answer");
                }
            }

            // What is passed on is written by us.
            return false;
        }

        async Task<UpstreamReply> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
        {
            int status = (int)response.StatusCode;
            switch (status)
            {
                case 200:
                    return await ReadBodyAsync(response, MaxAnswer, cancellation) is not { } answer
                        ? new UpstreamReply(ReplyKind.Wrong, "an answer over the limit", 200)
                        : AnswerCheck.Fits(answer, tasks)
                        ? new UpstreamReply(ReplyKind.Answered, "", 200, answer, TimingOf(response))
                        : new UpstreamReply(ReplyKind.Wrong, "200 without what was asked for", 200);
                case 400 or 404 or 413 or 415 or 422:
                    byte[]? said = await ReadBodyAsync(response, MaxFault, cancellation);
                    bool isTold = said is not null && AnswerCheck.IsFault(said);

                    // It may lack a model, or be another program; a fault of the picture is one anywhere.
                    return new UpstreamReply(
                        status == 404 || !isTold ? ReplyKind.Wrong : ReplyKind.Refused, $"status {status}", status, isTold ? said : null);
                case 408 or 429 or 503:
                    double seconds = response.Headers.RetryAfter?.Delta?.TotalSeconds ?? 1;
                    return new UpstreamReply(
                        ReplyKind.Busy, "too busy", status, RetryAfter: TimeSpan.FromSeconds(Math.Clamp(seconds, 0.5, 10)));
                case 502 or 508:
                    byte[]? told = await ReadBodyAsync(response, MaxFault, cancellation);
                    bool isGateway = told is not null && AnswerCheck.IsFault(told);

                    // A gateway like us has tried already; any other proxy says that there is no service behind it.
                    return isGateway && status == 508 ? new UpstreamReply(ReplyKind.Refused, "a circle", status, told)
                        : isGateway ? new UpstreamReply(ReplyKind.Wrong, $"status {status}", status)
                        : new UpstreamReply(ReplyKind.Away, "a proxy without a service", status);
                default:
                    return new UpstreamReply(ReplyKind.Wrong, $"status {status}", status);
            }
        }

        /// <returns>Null where it is over the limit.</returns>
        static async Task<byte[]?> ReadBodyAsync(HttpResponseMessage response, int limit, CancellationToken cancellation)
        {
            if (response.Content.Headers.ContentLength > limit)
            {
                return null;
            }

            Stream source = await response.Content.ReadAsStreamAsync(cancellation);
            byte[] bytes = new byte[Math.Min(MaxFault, (response.Content.Headers.ContentLength + 1) ?? MaxFault)];
            int length = 0;
            bool isLarge = false;
            try
            {
                while (await source.ReadAsync(bytes.AsMemory(length), cancellation) is > 0 and var read)
                {
                    length += read;
                    if (length > limit)
                    {
                        return null;
                    }

                    if (length == bytes.Length)
                    {
                        if (!isLarge)
                        {
                            await s_large.WaitAsync(cancellation);
                            isLarge = true;
                        }

                        Array.Resize(ref bytes, Math.Min(bytes.Length * 4, limit + 1));
                    }
                }

                return bytes[..length];
            }
            finally
            {
                if (isLarge)
                {
                    s_large.Release();
                }
            }
        }

        static string? TimingOf(HttpResponseMessage response) =>
            response.Headers.TryGetValues("Server-Timing", out IEnumerable<string>? values) && values.First() is { Length: <= 512 } timing
            && !timing.AsSpan().ContainsAnyExcept(s_timing) ? timing : null;
    }

    /// <summary>Gateways that a request has come through.</summary>
    public static int HopsOf(HttpRequest request) =>
        int.TryParse(request.Headers[HopsHeader].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int hops) ? hops : 0;
}
