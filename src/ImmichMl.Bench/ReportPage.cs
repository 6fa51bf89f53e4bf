namespace ImmichMl.Bench;

/// <summary>The result as one HTML page that needs nothing else: the JSON, and a script that draws tables and charts from it.</summary>
public static class ReportPage
{
    public static string Write(BenchResult result)
    {
        using var template = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream("report.html")!);

        // No name can end the element that it stands in.
        string json = ReportJson.Write(result).Replace("<", "\\u003c", StringComparison.Ordinal);
        return template.ReadToEnd().Replace("@REPORT@", json, StringComparison.Ordinal);
    }
}
