using System.Globalization;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>A line of README's table.</summary>
sealed record Row(string What, string Figure)
{
    public override string ToString() => $"| {What} | {Figure} |";

    public static Row Of(string what, FormattableString figure) => new(what, figure.ToString(CultureInfo.InvariantCulture));
}
