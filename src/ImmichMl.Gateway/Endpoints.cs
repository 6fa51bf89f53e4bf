namespace ImmichMl.Gateway;

/// <summary>Takes a request to its endpoint, and holds the only catch around it.</summary>
sealed class Endpoints(
    GatewayOptions options, Access access, BrowserGuard guard, Traffic traffic, PredictEndpoint predict, HealthEndpoint health,
    MetricsEndpoint metrics, StatusEndpoint status, InferenceProtocolEndpoint inference, ConnectionLife connections, LoadReport load,
    TimeProvider time, ILogger<Endpoints> log)
{
    /// <summary>Its first part begins a path of ours, so that it is no key.</summary>
    public static bool IsKnown(string path) => path.Split('/')[1]
        is "" or "ping" or "predict" or "ready" or "metrics" or "status" or "status.json" or "openapi.json" or "v2";

    public async Task AnswerAsync(HttpContext context)
    {
        long started = time.GetTimestamp();
        string method = context.Request.Method, path = access.TakeKey(context), trace = RequestTrace.Take(context);
        bool isLast = connections.IsLast(context);
        context.Response.OnStarting(() => Mark(context, isLast));
        try
        {
            await RouteAsync(context, path);
            double milliseconds = time.GetElapsedTime(started).TotalMilliseconds;
            traffic.Count(path, context.Response.StatusCode, "ok", milliseconds);
            log.Answered(method, path, context.Response.StatusCode, milliseconds, trace);
        }
        catch (Exception e) when ((context.RequestAborted.IsCancellationRequested || e is OperationCanceledException) && e is not HttpFault)
        {
            // A connection may be gone before its token says so.
            context.Abort();
            traffic.Count(path, 499, "cancelled", time.GetElapsedTime(started).TotalMilliseconds);
            log.Abandoned(method, path, trace);
        }
        catch (Exception e)
        {
            HttpFault fault = HttpFault.From(e, options) ?? Unexpected(method, path, trace, e);
            double milliseconds = time.GetElapsedTime(started).TotalMilliseconds;
            traffic.Count(path, fault.Status, fault.Code, milliseconds);
            log.Refused(method, path, fault.Status, fault.Code, milliseconds, trace, fault.Message);
            if (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
            {
                await Reply.FaultAsync(context, fault);
            }
        }
    }

    Task RouteAsync(HttpContext context, string path)
    {
        // The original's framework leads an address with slashes behind it to the one without.
        string exact = path.EndsWith('/') && path.TrimEnd('/') is { Length: > 0 } bare ? bare : path;
        guard.Check(context.Request, exact);
        if (exact != "/ping")
        {
            access.Check(context);
        }

        (string methods, Func<HttpContext, Task> answer) = exact switch
        {
            "/" => ("GET", _ => Reply.JsonAsync(context, """{"message":"Immich ML"}""")),
            "/ping" => ("GET", health.PingAsync),
            "/predict" => ("POST", predict.AnswerAsync),
            "/ready" => ("GET, HEAD", health.ReadyAsync),
            "/metrics" => ("GET, HEAD", metrics.AnswerAsync),
            "/status" => ("GET, HEAD", StatusEndpoint.PageAsync),
            "/openapi.json" => ("GET, HEAD", OpenApi.AnswerAsync),
            "/status.json" => ("GET, HEAD", (Func<HttpContext, Task>)status.DataAsync),
            _ when InferenceProtocolEndpoint.Knows(exact) => ("GET, HEAD", asked => inference.AnswerAsync(asked, exact)),
            _ => throw new HttpFault(404, "not_found", "Not Found"),
        };
        return exact == path ? Allow(context, methods, answer) : Reply.RedirectAsync(context, exact);
    }

    Task Mark(HttpContext context, bool isLast)
    {
        context.Response.Headers[LoadReport.Header] = load.Text();
        if (isLast || connections.IsEnding)
        {
            context.Response.Headers.Connection = "close";
        }

        return Task.CompletedTask;
    }

    static Task Allow(HttpContext context, string methods, Func<HttpContext, Task> answer)
    {
        if (methods.Split(", ").Contains(context.Request.Method))
        {
            return answer(context);
        }

        context.Response.Headers.Allow = methods;
        throw new HttpFault(405, "method_not_allowed", "Method Not Allowed");
    }

    HttpFault Unexpected(string method, string path, string trace, Exception fault)
    {
        log.Failed(method, path, trace, fault);
        return new HttpFault(500, "internal", "The request failed inside the gateway; its log has the cause.");
    }
}
