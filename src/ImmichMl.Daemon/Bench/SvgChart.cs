using System.Globalization;
using System.Net;
using System.Text;

namespace ImmichMl.Daemon.Bench;

/// <summary>A line of a chart.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Colour">Which of the page's colours; the same for what belongs together.</param>
/// <param name="IsFaint">Of less weight than others.</param>
/// <param name="Points">Rising in x.</param>
sealed record ChartLine(string Name, int Colour, bool IsFaint, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Charts as inline SVG. Colours are the page's, so that they follow the reader's light or dark.</summary>
static class SvgChart
{
    const double Width = 720, Height = 250, Left = 64, Right = 12, Top = 12, Bottom = 34;

    /// <summary>Values over seconds; what was not measured lies on a grey ground.</summary>
    public static string OverTime(string label, string unit, IReadOnlyList<ChartLine> lines)
    {
        (double X, double Y)[] points = [.. lines.SelectMany(line => line.Points)];
        if (points.Length == 0)
        {
            return "";
        }

        var x = new Scale(Math.Min(0, points.Min(point => point.X)), Math.Max(1, points.Max(point => point.X)), Left, Width - Right, false);
        var y = new Scale(0, Math.Max(1e-9, points.Max(point => point.Y)) * 1.08, Height - Bottom, Top, false);
        StringBuilder svg = Begin(label);
        if (x.From < 0)
        {
            svg.Append(Text($"<rect class=\"before\" x=\"{Left}\" y=\"{Top}\" width=\"{x.At(0) - Left}\" height=\"{Height - Top - Bottom}\"/>"));
        }

        Axes(svg, x, y, "s", unit);
        return Lines(svg, lines, x, y).Append("</svg>").ToString();
    }

    /// <summary>How many took how long, the time by its logarithm; each line is drawn as steps.</summary>
    public static string Histogram(string label, IReadOnlyList<(string Name, int Colour, IReadOnlyList<LatencyBar> Bars)> all)
    {
        LatencyBar[] bars = [.. all.SelectMany(one => one.Bars)];
        if (bars.Length == 0)
        {
            return "";
        }

        var x = new Scale(bars.Min(bar => bar.FromMs), bars.Max(bar => bar.ToMs), Left, Width - Right, true);

        // Shares, so that runs of different length lie on one another.
        double most = all.Max(one => one.Bars.Select(bar => Share(bar, one.Bars)).DefaultIfEmpty(0).Max());
        var y = new Scale(0, Math.Max(1e-9, most) * 1.08, Height - Bottom, Top, false);
        StringBuilder svg = Begin(label);
        Axes(svg, x, y, "ms", "%");
        ChartLine[] lines =
        [
            .. all.Select(one => new ChartLine(one.Name, one.Colour, false,
                [.. one.Bars.SelectMany(bar => new[] { (bar.FromMs, Share(bar, one.Bars)), (bar.ToMs, Share(bar, one.Bars)) })])),
        ];
        return Lines(svg, lines, x, y).Append("</svg>").ToString();
    }

    static double Share(LatencyBar bar, IReadOnlyList<LatencyBar> of) => 100.0 * bar.Count / Math.Max(1, of.Sum(other => other.Count));

    static StringBuilder Begin(string label) =>
        new(Text($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(label)}\">"));

    static void Axes(StringBuilder svg, Scale x, Scale y, string xUnit, string yUnit)
    {
        foreach (double tick in y.Ticks(5))
        {
            svg.Append(Text($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y.At(tick)}\" y2=\"{y.At(tick)}\"/>"))
                .Append(Text($"<text class=\"end\" x=\"{Left - 6}\" y=\"{y.At(tick) + 4}\">{tick:0.######}</text>"));
        }

        foreach (double tick in x.Ticks(9))
        {
            svg.Append(Text($"<line class=\"tick\" x1=\"{x.At(tick)}\" x2=\"{x.At(tick)}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom + 4}\"/>"))
                .Append(Text($"<text class=\"middle\" x=\"{x.At(tick)}\" y=\"{Height - Bottom + 17}\">{tick:0.######}</text>"));
        }

        svg.Append(Text($"<text class=\"end\" x=\"{Width - Right}\" y=\"{Height - 3}\">{xUnit}</text><text x=\"2\" y=\"{Top + 4}\">{WebUtility.HtmlEncode(yUnit)}</text>"));
    }

    static StringBuilder Lines(StringBuilder svg, IReadOnlyList<ChartLine> lines, Scale x, Scale y)
    {
        foreach (ChartLine line in lines.Where(line => line.Points.Count > 0))
        {
            string points = string.Join(' ', line.Points.Select(point => Text($"{x.At(point.X)},{y.At(point.Y)}")));
            svg.Append(Text($"<polyline class=\"c{line.Colour}{(line.IsFaint ? " faint" : "")}\" points=\"{points}\"><title>{WebUtility.HtmlEncode(line.Name)}</title></polyline>"));
        }

        return svg;
    }

    /// <summary>Numbers as SVG wants them, whatever the machine's language; places to a tenth.</summary>
    static string Text(FormattableString text) => text.ToString(s_tenths);

    static readonly TenthsFormat s_tenths = new();

    sealed class TenthsFormat : IFormatProvider, ICustomFormatter
    {
        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

        public string Format(string? format, object? arg, IFormatProvider? formatProvider) => arg switch
        {
            double number => number.ToString(format ?? "0.#", CultureInfo.InvariantCulture),
            IFormattable other => other.ToString(format, CultureInfo.InvariantCulture),
            _ => arg?.ToString() ?? "",
        };
    }
}
