using System.Globalization;
using System.Net;
using System.Text;

namespace ImmichMl.Bench;

/// <summary>A line of a chart.</summary>
/// <param name="name">Shown when the pointer rests on it.</param>
/// <param name="colour">Which of the page's colours; the same for what belongs together.</param>
/// <param name="isFaint">Of less weight than others.</param>
/// <param name="points">x, y, x, y …; rising in x.</param>
sealed class ChartLine(string name, int colour, bool isFaint, double[] points)
{
    public string Name => name;

    public string Class => $"c{colour}{(isFaint ? " faint" : "")}";

    public double[] Points => points;

    /// <summary>A point for each moment at which there is a value.</summary>
    public static double[] Of(IReadOnlyList<Moment> moments, Func<Moment, double?> read)
    {
        var points = new List<double>();
        foreach (Moment moment in moments)
        {
            if (read(moment) is { } value)
            {
                points.Add(moment.Seconds);
                points.Add(value);
            }
        }

        return [.. points];
    }

    /// <summary>The outline of bars, each as high as its share of all in percent, so that runs of different length lie on one another.</summary>
    public static double[] Steps(LatencyBar[] bars)
    {
        var points = new List<double>();
        double all = Math.Max(1, bars.Sum(bar => bar.Count));
        foreach (LatencyBar bar in bars)
        {
            points.AddRange([bar.FromMs, 100 * bar.Count / all, bar.ToMs, 100 * bar.Count / all]);
        }

        return [.. points];
    }
}

/// <summary>Charts as inline SVG. Colours are the page's, so that they follow the reader's light or dark.</summary>
static class SvgChart
{
    const double Width = 720, Height = 250, Left = 64, Right = 12, Top = 12, Bottom = 34;

    /// <summary>Values over seconds; what was not measured lies on a grey ground.</summary>
    public static string OverTime(string label, string unit, ChartLine[] lines)
    {
        double first = 0, last = 1;
        foreach (ChartLine line in lines)
        {
            for (int i = 0; i < line.Points.Length; i += 2)
            {
                (first, last) = (Math.Min(first, line.Points[i]), Math.Max(last, line.Points[i]));
            }
        }

        return Draw(label, "s", unit, lines, new Scale(first, last, Left, Width - Right, false));
    }

    /// <summary>How many took how long, the time by its logarithm.</summary>
    /// <param name="label">For who cannot see it.</param>
    /// <param name="lines">By <see cref="ChartLine.Steps"/>.</param>
    public static string Histogram(string label, ChartLine[] lines)
    {
        double first = double.MaxValue, last = 0;
        foreach (ChartLine line in lines)
        {
            if (line.Points.Length > 0)
            {
                (first, last) = (Math.Min(first, line.Points[0]), Math.Max(last, line.Points[^2]));
            }
        }

        return Draw(label, "ms", "%", lines, new Scale(first, last, Left, Width - Right, true));
    }

    static string Draw(string label, string xUnit, string yUnit, ChartLine[] lines, Scale x)
    {
        double most = 1e-9;
        bool any = false;
        foreach (ChartLine line in lines)
        {
            any |= line.Points.Length > 0;
            for (int i = 1; i < line.Points.Length; i += 2)
            {
                most = Math.Max(most, line.Points[i]);
            }
        }

        if (!any)
        {
            return "";
        }

        var y = new Scale(0, most * 1.08, Height - Bottom, Top, false);
        StringBuilder svg = Begin(label);
        if (x.From < 0)
        {
            svg.Append(Text($"<rect class=\"before\" x=\"{Left}\" y=\"{Top}\" width=\"{x.At(0) - Left}\" height=\"{Height - Top - Bottom}\"/>"));
        }

        Axes(svg, x, y, xUnit, yUnit);
        foreach (ChartLine line in lines)
        {
            if (line.Points.Length > 0)
            {
                AppendLine(svg, line, x, y);
            }
        }

        return svg.Append("</svg>").ToString();
    }

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

    static void AppendLine(StringBuilder svg, ChartLine line, Scale x, Scale y)
    {
        svg.Append($"<polyline class=\"{line.Class}\" points=\"");
        for (int i = 0; i < line.Points.Length; i += 2)
        {
            svg.Append(Text($"{(i == 0 ? "" : " ")}{x.At(line.Points[i])},{y.At(line.Points[i + 1])}"));
        }

        svg.Append($"\"><title>{WebUtility.HtmlEncode(line.Name)}</title></polyline>");
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
