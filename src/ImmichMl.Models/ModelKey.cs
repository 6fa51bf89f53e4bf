namespace ImmichMl.Models;

/// <summary>One model: its kind, and its name as the cache folder spells it.</summary>
public sealed record ModelKey
{
    const int MaxNameLength = 128;

    public ModelKind Kind { get; }

    /// <summary>Cleaned: at most 128 characters, none of which could make a path of it.</summary>
    public string Name { get; }

    /// <param name="kind">What the model is for.</param>
    /// <param name="name">The name as a peer gave it; it is cleaned as Immich cleans it, so it can hold no path.</param>
    /// <exception cref="ModelException">Nothing usable is left of the name.</exception>
    public ModelKey(ModelKind kind, string name)
    {
        Kind = kind;
        Name = Clean(name);
    }

    /// <summary>True when <paramref name="name"/> is a folder's name that some model name can be cleaned to.</summary>
    public static bool IsClean(string name) => TryClean(name) == name;

    static string Clean(string name) => TryClean(name)
        ?? throw new ModelException(ModelFault.Unknown, "The model's name is empty, too long or holds control characters.");

    /// <summary>What follows the last slash, colon and backslash turned to underscores, dots removed.</summary>
    static string? TryClean(string name)
    {
        string cleaned = name[(name.LastIndexOf('/') + 1)..].Replace(':', '_').Replace('\\', '_')
            .Replace(".", "", StringComparison.Ordinal);
        return cleaned.Length is 0 or > MaxNameLength || cleaned.Any(char.IsControl) ? null : cleaned;
    }

    public override string ToString() => $"{Kind} {Name}";
}
