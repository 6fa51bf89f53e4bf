using System.Globalization;
using System.Text;

namespace ImmichMl.Client;

/// <summary>
/// Floats as the original's JSON library writes them: the shortest digits that round-trip, ".0" on whole numbers, an exponent
/// (without plus sign or leading zeros) only for the very large and the very small. What is no number becomes null.
/// </summary>
static class JsonNumber
{
    /// <summary>Appends a float32 in its own shortest form.</summary>
    public static void Append(StringBuilder json, float value) =>
        Append(json, float.IsFinite(value), value.ToString("R", CultureInfo.InvariantCulture), largest: 13, smallest: -6);

    /// <summary>Appends a float64 in its own shortest form.</summary>
    public static void Append(StringBuilder json, double value) =>
        Append(json, double.IsFinite(value), value.ToString("R", CultureInfo.InvariantCulture), largest: 16, smallest: -5);

    /// <summary>Takes the digits and the decimal point's place out of .NET's own form and sets them anew.</summary>
    static void Append(StringBuilder json, bool finite, string shortest, int largest, int smallest)
    {
        if (!finite)
        {
            json.Append("null");
            return;
        }

        if (shortest[0] == '-')
        {
            json.Append('-');
            shortest = shortest[1..];
        }

        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? shortest : shortest[..e];
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        int point = (dot < 0 ? mantissa.Length : dot) + exponent;
        string significant = digits.TrimStart('0');
        point -= digits.Length - significant.Length;
        significant = significant.TrimEnd('0');
        if (significant.Length == 0)
        {
            json.Append("0.0");
        }
        else if (point > largest || point <= smallest)
        {
            AppendWithExponent(json, significant, point - 1);
        }
        else if (point <= 0)
        {
            json.Append("0.").Append('0', -point).Append(significant);
        }
        else if (point >= significant.Length)
        {
            json.Append(significant).Append('0', point - significant.Length).Append(".0");
        }
        else
        {
            json.Append(significant, 0, point).Append('.').Append(significant, point, significant.Length - point);
        }
    }

    static void AppendWithExponent(StringBuilder json, string significant, int exponent)
    {
        json.Append(significant[0]);
        if (significant.Length > 1)
        {
            json.Append('.').Append(significant, 1, significant.Length - 1);
        }

        json.Append('e').Append(exponent);
    }
}
