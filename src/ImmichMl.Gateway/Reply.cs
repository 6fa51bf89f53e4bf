using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace ImmichMl.Gateway;

/// <summary>Writes whole answers: they are small, and a length in front lets every client keep its connection.</summary>
static class Reply
{
    public static Task JsonAsync(HttpContext context, string json, int status = 200) => WriteAsync(context, status, "application/json", json);

    /// <summary>As the original's framework says it.</summary>
    public static Task TextAsync(HttpContext context, string text) => WriteAsync(context, 200, "text/plain; charset=utf-8", text);

    public static async Task WriteAsync(HttpContext context, int status, string contentType, string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
        }
    }

    public static Task FaultAsync(HttpContext context, HttpFault fault)
    {
        if (fault.RetryAfter is { } after)
        {
            double seconds = Math.Max(1, Math.Ceiling(after.TotalSeconds));
            context.Response.Headers.RetryAfter = seconds.ToString("0", CultureInfo.InvariantCulture);
        }

        return JsonAsync(context, fault.Body ?? $$"""{"detail":{{Quote(fault.Message)}}}""", fault.Status);
    }

    public static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
