using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace ImmichMl.Models;

/// <summary>What preprocess_cfg.json says.</summary>
public sealed partial record VisualConfig
{
    public const string FileName = "preprocess_cfg.json";

    /// <summary>Far beyond any model; below it no size of a tensor overflows.</summary>
    public const int MaxSide = 8192;

    const long MaxFileBytes = 1 << 20;

    /// <summary>An integer or [height, width], of which the first counts.</summary>
    [JsonPropertyName("size")]
    public JsonElement Size { get; init; }

    [JsonPropertyName("mean")]
    public float[]? Mean { get; init; }

    [JsonPropertyName("std")]
    public float[]? Std { get; init; }

    /// <summary>shortest or squash; null where it is absent, which is shortest. Immich up to 2.7 does not read it.</summary>
    [JsonPropertyName("resize_mode")]
    public string? ResizeMode { get; init; }

    /// <summary>A filter of Pillow's, in any case. Immich up to 2.7 does not read it.</summary>
    [JsonPropertyName("interpolation")]
    public string? Interpolation { get; init; }

    /// <summary>Side of the square that the model sees, in pixels.</summary>
    [JsonIgnore]
    public int Side { get; private init; }

    /// <exception cref="ModelException">The file is missing, is not JSON, or misses a value; the message names it.</exception>
    public static VisualConfig Read(ModelKey key, string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            using FileStream json = ModelFile.Open(path, MaxFileBytes);
            VisualConfig config = JsonSerializer.Deserialize(json, VisualConfigJson.Default.VisualConfig) ?? new VisualConfig();
            return config with { Side = config.Checked() };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            throw ModelFile.FaultOf(key, path, e);
        }
    }

    int Checked()
    {
        JsonElement size = Size.ValueKind == JsonValueKind.Array && Size.GetArrayLength() > 0 ? Size[0] : Size;
        if (size.ValueKind != JsonValueKind.Number || !size.TryGetInt32(out int side) || side is < 1 or > MaxSide)
        {
            throw new InvalidDataException("size is not a number of pixels or a list of two.");
        }

        return IsTriple(Mean) && IsTriple(Std) && !Std.Contains(0)
            ? side
            : throw new InvalidDataException("mean and std must hold three numbers each, std none of them 0.");
    }

    /// <summary>Null is what the generated reader leaves where the file has no such value.</summary>
    static bool IsTriple([NotNullWhen(true)] float[]? values) => values is { Length: 3 } && values.All(float.IsFinite);

    [JsonSerializable(typeof(VisualConfig))]
    internal sealed partial class VisualConfigJson : JsonSerializerContext;
}
