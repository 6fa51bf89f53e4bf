using System.Globalization;
using System.Text.Encodings.Web;

namespace ImmichMl.Client;

/// <summary>The little JSON that the programs print, as text.</summary>
static class JsonText
{
    public static string Text(string value) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"";

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Flag(bool value) => value ? "true" : "false";

    public static string Object(IEnumerable<(string Name, string Json)> members) =>
        $"{{{string.Join(',', members.Select(member => $"{Text(member.Name)}:{member.Json}"))}}}";

    public static string Array(IEnumerable<string> items) => $"[{string.Join(',', items)}]";
}
