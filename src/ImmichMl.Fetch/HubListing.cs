using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImmichMl.Fetch;

/// <summary>A file to fetch: where it goes below the model's name, where it comes from, and what it must come to.</summary>
sealed record HubFile(string Path, Uri Address, FileDigest Digest);

/// <summary>One entry of the hub's /api/models/REPO/tree, as it is on the wire.</summary>
sealed record TreeEntry
{
    public string? Type { get; init; }

    public string? Path { get; init; }

    public string? Oid { get; init; }

    public long? Size { get; init; }

    public TreeLfs? Lfs { get; init; }
}

sealed record TreeLfs(string? Oid, long? Size);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 8)]
[JsonSerializable(typeof(TreeEntry[]))]
sealed partial class HubJson : JsonSerializerContext;

/// <summary>
/// Reads listings with the distrust that the network deserves. ARM NN's and Rockchip's variants are left out unless they are asked for.
/// </summary>
static class HubListing
{
    const int MaxFiles = 2000;
    const long MaxFileBytes = 64L << 30;

    /// <summary>One page of a listing.</summary>
    /// <exception cref="FetchException">It is no list of entries.</exception>
    public static TreeEntry[] Parse(ReadOnlySpan<byte> page)
    {
        try
        {
            TreeEntry?[] entries = JsonSerializer.Deserialize(page, HubJson.Default.TreeEntryArray) ?? throw Refused("it is empty");
            return entries.Any(entry => entry is null) ? throw Refused("an entry of it is empty") : [.. entries.OfType<TreeEntry>()];
        }
        catch (JsonException e)
        {
            throw new FetchException(FetchFault.Network, "The hub's listing is no JSON of files.", e);
        }
    }

    public static IReadOnlyList<HubFile> Read(
        IReadOnlyList<TreeEntry> tree, string type, Func<string, Uri> addressOf, IReadOnlyList<string>? variants = null)
    {
        if (tree.Count > MaxFiles)
        {
            throw Refused($"it lists over {MaxFiles} files");
        }

        var files = new List<HubFile>();
        foreach (TreeEntry entry in tree.Where(entry => entry.Type == "file"))
        {
            string path = entry.Path ?? throw Refused("a file has no name");
            bool isWanted = path == CacheFiles.ConfigFileName || path.StartsWith(type + "/", StringComparison.Ordinal);
            if (path.StartsWith('/') || path.Split('/').Contains("..") || path.Any(char.IsControl)
                || (isWanted && !CacheFiles.IsSafe(path)))
            {
                throw Refused("a file's name leads out of the model's folder");
            }

            if (isWanted && path != $"{type}/{CacheFiles.TermsFileName}" && IsForUs(path, variants ?? []))
            {
                files.Add(new HubFile(path, addressOf(path), DigestOf(entry)));
            }
        }

        var paths = files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        return paths.Count != files.Count ? throw Refused("a file stands in it twice")
            : paths.SelectMany(FoldersOf).Any(paths.Contains) ? throw Refused("a file in it is a folder too")
            : files.Any(file => file.Path == $"{type}/{ModelStore.ModelFileName}")
                ? files
                : throw Refused($"it has no {type}/{ModelStore.ModelFileName}");
    }

    static IEnumerable<string> FoldersOf(string path)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            yield return path[..slash];
        }
    }

    /// <summary>A variant is <c>armnn</c>, or a Rockchip chip, whose files lie in a folder of its name.</summary>
    static bool IsForUs(string path, IReadOnlyList<string> variants) => Path.GetExtension(path) switch
    {
        ".armnn" => variants.Contains("armnn"),
        ".rknn" => variants.Any(chip => path.Contains($"/rknpu/{chip}/", StringComparison.Ordinal)),
        _ => true,
    };

    static FileDigest DigestOf(TreeEntry entry)
    {
        long size = entry.Lfs?.Size ?? entry.Size ?? throw Refused("a file has no size");
        return size is < 0 or > MaxFileBytes ? throw Refused("a file's size is out of bounds")
            : entry.Lfs is { Oid: { } lfs } ? new FileDigest(size, IsHex(lfs, 64) ? lfs : throw Refused("an LFS file has no SHA-256"), null)
            : new FileDigest(size, null, entry.Oid is { } oid && IsHex(oid, 40) ? oid : null);
    }

    static bool IsHex(string text, int length) => text.Length == length && text.All(char.IsAsciiHexDigitLower);

    public static FetchException Refused(string why) => new(FetchFault.Network, $"The hub's listing is refused: {why}.");
}
