using System.Buffers;

namespace ImmichMl.Gateway;

/// <summary>
/// What a request is called in the answer and in both logs: the caller's X-Request-Id, or one made here. A traceparent (W3C Trace Context)
/// stands in the logs beside it. What is of another form is passed over: it would be a stranger's words in a log.
/// </summary>
static class RequestTrace
{
    const string Header = "X-Request-Id";
    const int MostCharacters = 128;

    static readonly SearchValues<char> s_letters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+=@-");

    static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Names the request and its answer.</summary>
    /// <returns>For the logs; also the context's TraceIdentifier from here on. 256 bytes at most.</returns>
    public static string Take(HttpContext context)
    {
        string given = context.Request.Headers[Header].ToString(), parent = context.Request.Headers.TraceParent.ToString();
        bool isName = given.Length is > 0 and <= MostCharacters && !given.AsSpan().ContainsAnyExcept(s_letters);
        string id = isName ? given : Guid.NewGuid().ToString("N"); // Random bytes of OpenSSL would load it: a megabyte.
        context.Response.Headers[Header] = id;
        return context.TraceIdentifier = IsParent(parent) ? $"{id} traceparent {parent}" : id;
    }

    /// <summary>Version, trace, span and flags.</summary>
    static bool IsParent(string text) => text.Split('-') is [{ Length: 2 }, { Length: 32 }, { Length: 16 }, { Length: 2 }] parts
        && !parts.Any(part => part.AsSpan().ContainsAnyExcept(s_hex));
}
