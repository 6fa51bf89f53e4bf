using Microsoft.Extensions.DependencyInjection;

namespace ImmichMl.Gateway;

/// <summary>Writes whole answers: they are small, and a length in front lets every client keep its connection.</summary>
static class Reply
{
    /// <summary>Half a megabit a second: what reading an answer may take beside <see cref="s_patience"/>.</summary>
    const int BytesPerSecond = 64 * 1024;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static Task JsonAsync(HttpContext context, string json, int status = 200) =>
        WriteAsync(context, status, "application/json", json);

    /// <summary>As the original's framework says it.</summary>
    public static Task TextAsync(HttpContext context, string text) => WriteAsync(context, 200, "text/plain; charset=utf-8", text);

    /// <summary>To another path here; 307 keeps method and body.</summary>
    public static Task RedirectAsync(HttpContext context, string path)
    {
        HttpRequest request = context.Request;
        context.Response.StatusCode = 307;
        context.Response.ContentLength = 0;
        string site = request.Host.HasValue ? $"{request.Scheme}://{request.Host}" : "";
        context.Response.Headers.Location = $"{site}{request.PathBase}{path}{request.QueryString}";
        return Task.CompletedTask;
    }

    public static Task WriteAsync(HttpContext context, int status, string contentType, string body) =>
        WriteAsync(context, status, contentType, Encoding.UTF8.GetBytes(body));

    public static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> bytes)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            // Kestrel's own limit is 240 bytes a second: megabytes of faces would wait hours for somebody who does not read them.
            TimeProvider time = context.RequestServices.GetRequiredService<TimeProvider>();
            using var enough = new CancellationTokenSource(s_patience + TimeSpan.FromSeconds(bytes.Length / (double)BytesPerSecond), time);
            using CancellationTokenRegistration abort = enough.Token.UnsafeRegister(
                static unread => ((HttpContext)unread!).Abort(), context);
            try
            {
                await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
            }
            catch (OperationCanceledException) when (enough.IsCancellationRequested)
            {
                // Told below, as where Kestrel says nothing.
            }

            if (enough.IsCancellationRequested)
            {
                throw new HttpFault(499, "unread", "The answer was not read in time.");
            }
        }
    }

    public static Task FaultAsync(HttpContext context, HttpFault fault)
    {
        if (fault.RetryAfter is { } after)
        {
            double seconds = Math.Max(1, Math.Ceiling(after.TotalSeconds));
            context.Response.Headers.RetryAfter = seconds.ToString("0", CultureInfo.InvariantCulture);
        }

        return JsonAsync(context, fault.Body ?? $$"""{"detail":{{(JsonText)fault.Message}}}""", fault.Status);
    }
}
