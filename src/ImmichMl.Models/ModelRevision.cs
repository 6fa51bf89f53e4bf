namespace ImmichMl.Models;

/// <summary>Revisions of the hub's repositories: branches, tags and commits, as far as a folder of the cache can have their name.</summary>
public static class ModelRevision
{
    /// <summary>Its models lie as they always did: in no folder of a revision.</summary>
    public const string Main = "main";

    /// <summary>A commit has 40 letters.</summary>
    const int MaxLength = 64;

    /// <summary>What a name must be, in words.</summary>
    public const string Rule =
        "a branch, tag or commit of at most 64 letters, digits, '.', '_' and '-' that begins with a letter or a digit";

    /// <summary>True for a plain name that stands for nothing else in a model's folder.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit(name[0])
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-')
        && name != CacheFiles.ConfigFileName && !Leftovers.IsFolder(name) && ModelKind.All.All(kind => kind.Type != name);

    /// <summary>True for the name of a revision's folder below a model's.</summary>
    public static bool IsFolder(string name) => name != Main && IsValid(name);
}
