using ImmichMl.Protocol;

namespace ImmichMl.Gateway;

/// <summary>A request that is answered with something else than 200.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">What to call it in metrics and on the page: the wire's code, or a word of the gateway's own.</param>
/// <param name="detail">For the caller to read.</param>
/// <param name="retryAfter">When to come again; null where that is not known or makes no sense.</param>
sealed class HttpFault(int status, string code, string detail, TimeSpan? retryAfter = null) : Exception(detail)
{
    /// <summary>What the original answers to a form without entries.</summary>
    const string NoEntries = """{"detail":[{"type":"missing","loc":["body","entries"],"msg":"Field required","input":null}]}""";

    const string EmptyImage = "Image has zero width or height";

    public int Status { get; } = status;

    public string Code { get; } = code;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The whole body where it is not just <c>{"detail": "…"}</c>.</summary>
    public string? Body { get; private init; }

    public static HttpFault MissingEntries() => new(422, "invalid_request", "entries is missing") { Body = NoEntries };

    public static HttpFault InvalidEntries() => new(422, "invalid_request", "Invalid request format.");

    public static HttpFault NoTask() => new(422, "invalid_request", "No model task requested.");

    public static HttpFault NoInput() => new(400, "invalid_request", "Either image or text must be provided");

    public static HttpFault Malformed(string detail) => new(400, "malformed_body", detail);

    public static HttpFault TooLarge(string detail) => new(413, "body_too_large", detail);

    public static HttpFault SlowSender(string detail) => new(408, "slow_sender", detail);

    public static HttpFault Busy(string detail) => new(503, "overloaded", detail, TimeSpan.FromSeconds(1));

    /// <summary>What an upstream found wrong with a request, as it said it.</summary>
    /// <param name="status">4xx.</param>
    /// <param name="body"><c>{"detail": …}</c>.</param>
    public static HttpFault OfUpstream(int status, ReadOnlyMemory<byte> body) =>
        new(status, "upstream_refused", "Refused by an upstream.") { Body = Encoding.UTF8.GetString(body.Span) };

    /// <summary>What other parts threw, as a status; null where it is a fault of the gateway's own.</summary>
    public static HttpFault? From(Exception fault, GatewayOptions options) => fault switch
    {
        HttpFault known => known,
        MlErrorException { Error: var error } => From(error),
        MlConnectionException => new(503, "unreachable", "The machine-learning daemon is not to be reached.", TimeSpan.FromSeconds(5)),
        TimeoutException => new(504, "deadline_exceeded", $"The request was not answered within {options.RequestTimeoutSeconds} s."),
        BadHttpRequestException { StatusCode: 413 } => TooLarge($"The body is over the limit of {options.MaxBodyBytes} bytes."),
        BadHttpRequestException { StatusCode: 408 } => SlowSender("The body came too slowly."),
        BadHttpRequestException bad => new(bad.StatusCode, "malformed_body", bad.Message),
        _ => null,
    };

    public static HttpFault From(ErrorDetail error)
    {
        int status = error.Code.HttpStatus ?? 500;
        TimeSpan? after = status == 503 ? TimeSpan.FromMilliseconds(error.RetryAfterMs ?? 1000) : null;
        return new HttpFault(status, error.Code.Name, error.Code == ErrorCode.ImageEmpty ? EmptyImage : error.Message, after);
    }
}
