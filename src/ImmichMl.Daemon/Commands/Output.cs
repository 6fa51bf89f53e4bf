using System.Globalization;
using System.Text.Encodings.Web;

namespace ImmichMl.Daemon.Commands;

/// <summary>The little JSON and text that the verbs print.</summary>
static class Output
{
    public static string Text(string value) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"";

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Flag(bool value) => value ? "true" : "false";

    public static string Object(IEnumerable<(string Name, string Json)> members) =>
        $"{{{string.Join(',', members.Select(member => $"{Text(member.Name)}:{member.Json}"))}}}";

    public static string Array(IEnumerable<string> items) => $"[{string.Join(',', items)}]";

    /// <summary>1,234,567 bytes as 1.2 MB.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        0 => "-",
        < 1000 => $"{bytes} B",
        < 1_000_000 => $"{bytes / 1e3:0.0} kB",
        < 1_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };
}
