using System.Text.Json;

namespace ImmichMl.Inference.Clip;

/// <summary>Immich's languages as the FLORES-200 codes that NLLB models read in front of a query.</summary>
static class FloresLanguages
{
    public const string English = "eng_Latn";

    static readonly Dictionary<string, string> _codes = Read();

    /// <summary>"de-AT" is found as "de" where it is not listed itself.</summary>
    public static bool TryFind(string language, out string code)
    {
        int region = language.IndexOfAny(['-', '_']);
        bool isKnown = _codes.TryGetValue(language, out string? found) || (region > 0 && _codes.TryGetValue(language[..region], out found));
        code = found ?? English;
        return isKnown;
    }

    static Dictionary<string, string> Read()
    {
        using Stream resource = typeof(FloresLanguages).Assembly.GetManifestResourceStream("flores200.json")!;
        using JsonDocument json = JsonDocument.Parse(resource);
        return json.RootElement.EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.OrdinalIgnoreCase);
    }
}
