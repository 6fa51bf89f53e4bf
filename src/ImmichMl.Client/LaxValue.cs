using System.Globalization;
using System.Text.Json;

namespace ImmichMl.Client;

/// <summary>
/// Numbers as pydantic takes them where it is not strict (asked of version 2.13): as numbers, as text with white space around it and
/// single underscores between digits, and true as 1, false as 0.
/// </summary>
static class LaxValue
{
    /// <summary>Where a float64 holds whole numbers past which pydantic makes no integer of it: 2⁶³.</summary>
    const double IntegersEnd = 9_223_372_036_854_775_808;

    /// <summary>
    /// A finite number. Text may also name infinity, which becomes the number of that sign that is furthest from 0, and NaN, which
    /// becomes the largest: no score reaches either.
    /// </summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.GetDouble() is var number && double.IsFinite(number) => number,
        JsonValueKind.String when ReadNumber(Plain(value.GetString()!)) is { } number =>
            double.IsNaN(number) ? double.MaxValue : Math.Clamp(number, double.MinValue, double.MaxValue),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => throw new FormatException("An option is no number."),
    };

    /// <summary>
    /// A whole number as a float64 holds it, infinite where it is larger. 736.0 is one, and so is "736.0", but not "736." or "7e2".
    /// </summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static double WholeNumber(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.GetDouble() is var number
            && (IsInteger(value.GetRawText()) || (Math.Floor(number) == number && Math.Abs(number) < IntegersEnd)) => number,
        JsonValueKind.String when Plain(value.GetString()!) is var text && IsInteger(WithoutFraction(text)) => ReadNumber(text)!.Value,
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => throw new FormatException("An option is no whole number."),
    };

    /// <summary>Empty where its underscores do not stand alone and inside.</summary>
    static string Plain(string text)
    {
        text = text.Trim();
        return text.StartsWith('_') || text.EndsWith('_') || text.Contains("__", StringComparison.Ordinal)
            ? "" : text.Replace("_", "", StringComparison.Ordinal);
    }

    static double? ReadNumber(string text)
    {
        string word = (text.StartsWith('-') || text.StartsWith('+') ? text[1..] : text).ToUpperInvariant();
        return word is "INF" or "INFINITY" ? text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity
            : word == "NAN" ? double.NaN
            : text.All(letter => char.IsAsciiDigit(letter) || letter is '+' or '-' or '.' or 'e' or 'E')
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
            : null;
    }

    static string WithoutFraction(string text) =>
        text.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && dot + 1 < text.Length && text.AsSpan(dot + 1).Trim('0').IsEmpty
            ? text[..dot] : text;

    static bool IsInteger(string text) =>
        (text.StartsWith('-') || text.StartsWith('+') ? text[1..] : text) is { Length: > 0 } digits && digits.All(char.IsAsciiDigit);
}
