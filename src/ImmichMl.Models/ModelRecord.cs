using System.Text.Json.Serialization;

namespace ImmichMl.Models;

/// <summary>
/// How a model came into the cache, written beside it as <see cref="FileName"/>. A folder without one was put there by Immich or by the
/// user.
/// </summary>
public sealed record ModelRecord
{
    public const string FileName = ".immich-ml.json";
    public const string Fetched = "fetched";
    public const string Imported = "imported";

    static readonly TimeSpan s_betweenReplacements = TimeSpan.FromHours(24);

    public required string Origin { get; init; }

    /// <summary>When it was fetched once more because the first copy would not load.</summary>
    public DateTimeOffset? ReplacedAt { get; init; }

    /// <summary>Of the hub's; null in records of earlier versions, whose models are all of <see cref="ModelRevision.Main"/>.</summary>
    public string? Revision { get; init; }

    public required IReadOnlyList<RecordedFile> Files { get; init; }

    /// <summary>The record of a model's folder; null where there is none that can be read.</summary>
    public static ModelRecord? Read(string folder)
    {
        try
        {
            using FileStream json = ModelFile.Open(Path.Combine(folder, FileName));
            return JsonSerializer.Deserialize(json, ModelsJson.Default.ModelRecord) is { Origin: not null, Files: not null } record
                && record.Files.All(file => file is { Path: not null, Sha256: not null }) ? record : null;
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// True for what was fetched and has not been fetched again lately: what the user made or imported is the user's to mend, and what
    /// would not load twice will not the third time.
    /// </summary>
    public bool MayBeReplaced(DateTimeOffset now) =>
        Origin == Fetched && (ReplacedAt is not { } at || (now - at).Duration() > s_betweenReplacements);

    public void Write(string folder)
    {
        using FileStream json = File.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(json, this, ModelsJson.Default.ModelRecord);
    }
}

/// <summary>A file below the model's folder, with its size in bytes and lower-case SHA-256.</summary>
public sealed record RecordedFile(string Path, long Size, string Sha256)
{
    /// <summary>The source told no digest: these are the bytes that came, whether or not they are those that were meant.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Unverified { get; init; }
}
