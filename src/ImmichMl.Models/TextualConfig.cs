namespace ImmichMl.Models;

/// <summary>What config.json and tokenizer_config.json say about a text tower.</summary>
public sealed record TextualConfig
{
    /// <summary>Far beyond any model; below it no size of a tensor overflows.</summary>
    public const int MaxContextLength = 8192;

    const int StandardContextLength = 77;

    /// <summary>Ten times the largest that any model of the catalogue brings.</summary>
    const long MaxFileBytes = 16 << 20;

    public required int ContextLength { get; init; }

    /// <summary>Punctuation off and lower case before the tokenizer.</summary>
    public required bool Canonicalize { get; init; }

    public required string PadToken { get; init; }

    /// <exception cref="ModelException">A file is missing, is not JSON, or misses a value; the message names it.</exception>
    public static TextualConfig Read(ModelKey key, string folder)
    {
        (int contextLength, bool canonicalize) = Read(key, Path.Combine(Path.GetDirectoryName(folder)!, "config.json"), ReadModel);
        string padToken = Read(key, Path.Combine(folder, "tokenizer_config.json"), ReadPadToken);
        return new TextualConfig { ContextLength = contextLength, Canonicalize = canonicalize, PadToken = padToken };
    }

    static T Read<T>(ModelKey key, string path, Func<JsonElement, T> read)
    {
        try
        {
            using FileStream file = ModelFile.Open(path, MaxFileBytes);
            using JsonDocument json = JsonDocument.Parse(file);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? read(json.RootElement)
                : throw new InvalidDataException("it does not hold a JSON object.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            throw ModelFile.FaultOf(key, path, e);
        }
    }

    static (int ContextLength, bool Canonicalize) ReadModel(JsonElement config)
    {
        if (!TryChild(config, "text_cfg", out JsonElement text))
        {
            return (StandardContextLength, false);
        }

        int length = StandardContextLength;
        if (TryChild(text, "context_length", out JsonElement said)
            && (said.ValueKind != JsonValueKind.Number || !said.TryGetInt32(out length) || length is < 1 or > MaxContextLength))
        {
            throw new InvalidDataException($"text_cfg.context_length is not a number from 1 to {MaxContextLength}.");
        }

        bool canonicalize = TryChild(text, "tokenizer_kwargs", out JsonElement arguments)
            && TryChild(arguments, "clean", out JsonElement clean)
            && clean.ValueKind == JsonValueKind.String && clean.ValueEquals("canonicalize");
        return (length, canonicalize);
    }

    /// <summary>A string, or an object whose content it is.</summary>
    static string ReadPadToken(JsonElement config)
    {
        if (TryChild(config, "pad_token", out JsonElement token))
        {
            token = TryChild(token, "content", out JsonElement content) ? content : token;
            if (token.ValueKind == JsonValueKind.String)
            {
                return token.GetString()!;
            }
        }

        throw new InvalidDataException("pad_token is neither a string nor an object with its content.");
    }

    /// <summary>False for null as well.</summary>
    static bool TryChild(JsonElement parent, string name, out JsonElement child)
    {
        child = default;
        return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out child) && child.ValueKind != JsonValueKind.Null;
    }
}
