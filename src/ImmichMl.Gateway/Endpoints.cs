using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Gateway;

/// <summary>Takes a request to its endpoint, and holds the only catch around it.</summary>
sealed class Endpoints(
    GatewayOptions options, Access access, Traffic traffic, PredictEndpoint predict, HealthEndpoint health, MetricsEndpoint metrics,
    StatusEndpoint status, TimeProvider time, ILogger<Endpoints> log)
{
    public async Task AnswerAsync(HttpContext context)
    {
        long started = time.GetTimestamp();
        string method = context.Request.Method, path = context.Request.Path.Value ?? "";
        try
        {
            await RouteAsync(context, path);
            double milliseconds = time.GetElapsedTime(started).TotalMilliseconds;
            traffic.Count(path, context.Response.StatusCode, "ok", milliseconds);
            log.Answered(method, path, context.Response.StatusCode, milliseconds);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            traffic.Count(path, 499, "cancelled", time.GetElapsedTime(started).TotalMilliseconds);
            log.Abandoned(method, path);
        }
        catch (Exception e)
        {
            HttpFault fault = HttpFault.From(e, options) ?? Unexpected(method, path, e);
            double milliseconds = time.GetElapsedTime(started).TotalMilliseconds;
            traffic.Count(path, fault.Status, fault.Code, milliseconds);
            log.Refused(method, path, fault.Status, fault.Code, milliseconds, fault.Message);
            if (!context.Response.HasStarted)
            {
                await Reply.FaultAsync(context, fault);
            }
        }
    }

    Task RouteAsync(HttpContext context, string path)
    {
        if (path != "/ping")
        {
            access.Check(context);
        }

        return path switch
        {
            "/" => Get(context, _ => Reply.JsonAsync(context, """{"message":"Immich ML"}""")),
            "/ping" => Get(context, health.PingAsync),
            "/ready" => Get(context, health.ReadyAsync),
            "/metrics" => Get(context, metrics.AnswerAsync),
            "/status" => Get(context, StatusEndpoint.PageAsync),
            "/status.json" => Get(context, status.DataAsync),
            "/predict" => Allow(context, "POST", HttpMethods.IsPost(context.Request.Method), predict.AnswerAsync),
            _ => throw new HttpFault(404, "not_found", "Not Found"),
        };
    }

    static Task Get(HttpContext context, Func<HttpContext, Task> answer) =>
        Allow(context, "GET, HEAD", HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method), answer);

    static Task Allow(HttpContext context, string methods, bool isAllowed, Func<HttpContext, Task> answer)
    {
        if (isAllowed)
        {
            return answer(context);
        }

        context.Response.Headers.Allow = methods;
        throw new HttpFault(405, "method_not_allowed", "Method Not Allowed");
    }

    HttpFault Unexpected(string method, string path, Exception fault)
    {
        log.Failed(method, path, fault);
        return new HttpFault(500, "internal", "The request failed inside the gateway; its log has the cause.");
    }
}
