using System.Reflection;
using System.Security.Cryptography;

namespace ImmichMl.Gateway;

/// <summary>The page in one piece, with a policy that lets run what stands in it and nothing else.</summary>
static class StatusPage
{
    public static string Html { get; } = Read();

    /// <summary>Script and style are named by their hashes, so that nothing that slips into the page can run.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; script-src '{HashOf("script")}'; style-src '{HashOf("style")}'; img-src blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    static string Read()
    {
        using Stream page = Assembly.GetExecutingAssembly().GetManifestResourceStream("status.html")!;
        using var reader = new StreamReader(page, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    static string HashOf(string element)
    {
        int start = Html.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        int end = Html.IndexOf($"</{element}>", start, StringComparison.Ordinal);
        return $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Html[start..end])))}";
    }
}
