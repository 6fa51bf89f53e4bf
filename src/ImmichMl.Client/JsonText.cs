using System.Globalization;
using System.Text.Encodings.Web;

namespace ImmichMl.Client;

/// <summary>The little JSON that the programs print: a value as text. Numbers have three decimals at most.</summary>
public sealed class JsonText
{
    readonly string _text;

    JsonText(string? text) => _text = text ?? "null";

    /// <summary>Nothing was given.</summary>
    public bool IsNull => _text == "null";

    /// <summary>What is JSON already; null is null.</summary>
    public static JsonText Raw(string? json) => new(json);

    /// <summary>An object of these members, in their order.</summary>
    public static JsonText Of(params IEnumerable<(string Name, JsonText Value)> members) =>
        new($"{{{string.Join(',', members.Select(member => $"{Quote(member.Name)}:{member.Value}"))}}}");

    /// <summary>An array of these values.</summary>
    public static JsonText List(params IEnumerable<JsonText> items) => new($"[{string.Join(',', items)}]");

    /// <summary>Text in quotes; null is null.</summary>
    public static implicit operator JsonText(string? value) => new(value is null ? null : Quote(value));

    /// <summary>A whole number; null is null.</summary>
    public static implicit operator JsonText(long? value) => new(value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>A number to three decimals; null is null.</summary>
    public static implicit operator JsonText(double? value) => new(value?.ToString("0.###", CultureInfo.InvariantCulture));

    /// <summary>True or false.</summary>
    public static implicit operator JsonText(bool value) => new(value ? "true" : "false");

    /// <summary>The JSON.</summary>
    public override string ToString() => _text;

    internal static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
