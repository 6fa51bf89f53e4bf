using System.Text.Json;

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

    public required string Origin { get; init; }

    public required IReadOnlyList<RecordedFile> Files { get; init; }

    /// <summary>The record of a model's folder; null where there is none that can be read.</summary>
    public static ModelRecord? Read(string folder)
    {
        try
        {
            using FileStream json = File.OpenRead(Path.Combine(folder, FileName));
            return JsonSerializer.Deserialize(json, ModelsJson.Default.ModelRecord);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(string folder)
    {
        using FileStream json = File.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(json, this, ModelsJson.Default.ModelRecord);
    }
}

/// <summary>A file below the model's folder, with its size in bytes and lower-case SHA-256.</summary>
public sealed record RecordedFile(string Path, long Size, string Sha256);
