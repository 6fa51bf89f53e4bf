using System.Text.RegularExpressions;

namespace ImmichMl.Tokenizers;

/// <summary>
/// Reads tokenizer.json. The small parts become JSON elements; vocabulary and merges, which are megabytes, are read token by token
/// straight into their tables.
/// </summary>
static class TokenizerFile
{
    /// <summary>Ten times the largest that any model of the catalogue brings.</summary>
    public const long MaxBytes = 192 << 20;

    public static Tokenizer Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Parse(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes);
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException or InvalidOperationException
            or KeyNotFoundException or OverflowException or RegexMatchTimeoutException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    static Tokenizer Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new InvalidDataException("it does not hold a JSON object.");
        }

        var parts = new Dictionary<string, JsonElement>();
        TokenModel? model = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "model")
            {
                model = TokenModelReader.Read(ref reader);
            }
            else if (name is "added_tokens" or "normalizer" or "pre_tokenizer" or "post_processor")
            {
                parts[name] = JsonElement.ParseValue(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        // Reading on proves that the file ends where the object does.
        while (reader.Read())
        {
        }

        return Build(model ?? throw new InvalidDataException("model is missing."), parts);
    }

    static Tokenizer Build(TokenModel model, Dictionary<string, JsonElement> parts)
    {
        Normalizer normalize = NormalizerReader.Read(parts.GetValueOrDefault("normalizer"));
        return new Tokenizer(
            normalize,
            PreTokenizerReader.Read(parts.GetValueOrDefault("pre_tokenizer")),
            model,
            ReadAdded(parts.GetValueOrDefault("added_tokens"), model),
            PostProcessorReader.Read(parts.GetValueOrDefault("post_processor")));
    }

    /// <summary>The model's own id counts before the file's, as in the original.</summary>
    static List<AddedToken> ReadAdded(JsonElement list, TokenModel model)
    {
        var tokens = new List<AddedToken>();
        if (list.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return tokens;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException("added_tokens is not a list.");
        }

        int highest = -1;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            string where = $"added_tokens[{tokens.Count}]";
            string content = entry.Text("content", where);
            int id = model.Vocabulary.Find(Encoding.UTF8.GetBytes(content));
            if (id < 0)
            {
                id = highest >= model.Size || model.Size == 0 ? highest + 1 : model.Size;
            }

            highest = Math.Max(highest, id);
            tokens.Add(new AddedToken(
                content, id, entry.Flag("single_word", where), entry.Flag("lstrip", where), entry.Flag("rstrip", where),
                entry.Flag("normalized", where, !entry.Flag("special", where))));
        }

        return tokens;
    }
}
