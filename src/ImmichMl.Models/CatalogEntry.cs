using System.Text.Json.Serialization;

namespace ImmichMl.Models;

/// <summary>One model of the catalogue: what it is for and where it comes from. An entry without a source is the user's own.</summary>
public sealed record CatalogEntry
{
    /// <summary>As Immich spells it, such as ViT-B-32__openai.</summary>
    public required string Name { get; init; }

    public required string Task { get; init; }

    /// <summary>Of <see cref="Task"/>, each a model of its own: visual, textual.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Repository of the hub, OWNER/NAME.</summary>
    public string? Repo { get; init; }

    /// <summary>
    /// Single files, each the model.onnx of a type. (The source-generated reader sets what JSON lacks to null, over any initializer.)
    /// </summary>
    public IReadOnlyList<CatalogFile> Files { get => field ?? []; init; }

    /// <summary>Terms under which the model may be used, as a sentence; null where nothing is known.</summary>
    public string? Terms { get; init; }

    [JsonIgnore]
    public bool HasSource => Repo is not null || Files.Count > 0;
}

/// <summary>A file by its address and lower-case SHA-256.</summary>
public sealed record CatalogFile(string Type, string Url, string Sha256);

/// <summary>catalog.json: terms by a short word, and the models that refer to them.</summary>
sealed record CatalogDocument
{
    public IReadOnlyDictionary<string, string> Terms { get => field ?? new Dictionary<string, string>(); init; }

    public IReadOnlyList<CatalogEntry> Models { get => field ?? []; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(CatalogDocument))]
[JsonSerializable(typeof(ModelRecord))]
[JsonSerializable(typeof(LockOwner))]
sealed partial class ModelsJson : JsonSerializerContext;
