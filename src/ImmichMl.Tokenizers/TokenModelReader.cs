namespace ImmichMl.Tokenizers;

/// <summary>model of tokenizer.json.</summary>
static class TokenModelReader
{
    public static TokenModel Read(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "model is not an object");
        var rules = new Dictionary<string, JsonElement>();
        Utf8JsonReader vocabulary = default, merges = default;
        bool hasVocabulary = false, hasMerges = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "vocab")
            {
                vocabulary = reader;
                hasVocabulary = true;
                reader.Skip();
            }
            else if (name == "merges")
            {
                merges = reader;
                hasMerges = true;
                reader.Skip();
            }
            else
            {
                rules[name] = JsonElement.ParseValue(ref reader);
            }
        }

        if (!hasVocabulary)
        {
            throw new InvalidDataException("model.vocab is missing.");
        }

        string type = rules.TryGetValue("type", out JsonElement said) && said.ValueKind == JsonValueKind.String ? said.GetString()!
            : hasMerges ? "BPE"
            : vocabulary.TokenType == JsonTokenType.StartArray ? "Unigram"
            : rules.ContainsKey("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
        switch (type)
        {
            case "BPE":
                return hasMerges ? ReadBpe(ref vocabulary, ref merges, rules) : throw new InvalidDataException("model.merges is missing.");
            case "Unigram":
                return UnigramReader.Read(ref vocabulary, rules);
            case "WordPiece":
                Vocabulary pieces = ReadVocabulary(ref vocabulary);
                int most = rules.TryGetValue("max_input_chars_per_word", out JsonElement limit)
                    ? limit.Number("model.max_input_chars_per_word") : 100;
                return new WordPieceModel(
                    pieces, Known(pieces, TextOf(rules, "unk_token") ?? "[UNK]"),
                    Encoding.UTF8.GetBytes(TextOf(rules, "continuing_subword_prefix") ?? "##"), most);
            case "WordLevel":
                Vocabulary words = ReadVocabulary(ref vocabulary);
                return new WordLevelModel(words, Known(words, TextOf(rules, "unk_token") ?? "<unk>"));
            default:
                throw new InvalidDataException($"model '{type}' is not known here.");
        }
    }

    static int Known(Vocabulary vocabulary, string token) => vocabulary.Find(token) is >= 0 and var id
        ? id : throw new InvalidDataException($"model.unk_token '{token}' is not in model.vocab.");

    static BpeModel ReadBpe(ref Utf8JsonReader vocabulary, ref Utf8JsonReader merges, Dictionary<string, JsonElement> said)
    {
        Vocabulary pieces = ReadVocabulary(ref vocabulary);
        var rules = new BpeRules
        {
            UnknownToken = TextOf(said, "unk_token"),
            Prefix = TextOf(said, "continuing_subword_prefix") ?? "",
            Suffix = TextOf(said, "end_of_word_suffix") ?? "",
            FuseUnknown = FlagOf(said, "fuse_unk"),
            ByteFallback = FlagOf(said, "byte_fallback"),
            IgnoreMerges = FlagOf(said, "ignore_merges"),
        };
        if (rules.UnknownToken is { } unknown)
        {
            Known(pieces, unknown);
        }

        return new BpeModel(pieces, MergesReader.Read(ref merges, pieces, Encoding.UTF8.GetByteCount(rules.Prefix)), rules);
    }

    static Vocabulary ReadVocabulary(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "model.vocab is not an object");
        var vocabulary = new Vocabulary();
        Span<byte> buffer = stackalloc byte[256];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int most = reader.ValueSpan.Length;
            Span<byte> piece = most <= buffer.Length ? buffer : new byte[most];
            piece = piece[..reader.CopyString(piece)];
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
            {
                throw new InvalidDataException(
                    $"model.vocab: '{Encoding.UTF8.GetString(piece)}' has no id at byte {reader.TokenStartIndex}.");
            }

            vocabulary.Add(piece, id);
        }

        vocabulary.Trim();
        return vocabulary;
    }

    static string? TextOf(Dictionary<string, JsonElement> rules, string name) =>
        !rules.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw new InvalidDataException($"model.{name} is not a string.");

    internal static bool FlagOf(Dictionary<string, JsonElement> rules, string name) => rules.TryGetValue(name, out JsonElement value)
        && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False)
        && (value.ValueKind == JsonValueKind.True ? true : throw new InvalidDataException($"model.{name} is neither true nor false."));

    internal static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string otherwise)
    {
        if (reader.TokenType != type)
        {
            throw new InvalidDataException($"{otherwise} (byte {reader.TokenStartIndex}).");
        }
    }
}

/// <summary>merges: "a b" or ["a", "b"].</summary>
static class MergesReader
{
    public static MergeTable Read(ref Utf8JsonReader reader, Vocabulary vocabulary, int prefix)
    {
        TokenModelReader.Expect(ref reader, JsonTokenType.StartArray, "model.merges is not a list");
        Utf8JsonReader counter = reader;
        int count = 0;
        while (counter.Read() && counter.TokenType != JsonTokenType.EndArray)
        {
            counter.Skip();
            count++;
        }

        var merges = new MergeTable(count);
        byte[] pair = new byte[1024];
        for (int rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            int middle = ReadPair(ref reader, rank, ref pair, out int length);
            ReadOnlySpan<byte> left = pair.AsSpan(0, middle);
            ReadOnlySpan<byte> right = pair.AsSpan(middle, length - middle);
            if (right.Length < prefix)
            {
                throw new InvalidDataException(
                    $"model.merges[{rank}]: '{Encoding.UTF8.GetString(right)}' has not the prefix of a continued word.");
            }

            byte[] whole = [.. left, .. right[prefix..]];
            merges.Add(Known(vocabulary, left, rank), Known(vocabulary, right, rank), rank, Known(vocabulary, whole, rank));
        }

        return merges;
    }

    static int Known(Vocabulary vocabulary, ReadOnlySpan<byte> piece, int rank) => vocabulary.Find(piece) is >= 0 and var id
        ? id : throw new InvalidDataException($"model.merges[{rank}]: '{Encoding.UTF8.GetString(piece)}' is not in model.vocab.");

    /// <returns>Where the second half begins in <paramref name="pair"/>.</returns>
    static int ReadPair(ref Utf8JsonReader reader, int rank, ref byte[] pair, out int length)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            Fit(ref pair, reader.ValueSpan.Length);
            length = reader.CopyString(pair);
            int space = pair.AsSpan(0, length).IndexOf((byte)' ');
            if (space < 0 || pair.AsSpan(space + 1, length - space - 1).Contains((byte)' '))
            {
                throw new InvalidDataException($"model.merges[{rank}] is not two pieces.");
            }

            pair.AsSpan(space + 1, length - space - 1).CopyTo(pair.AsSpan(space));
            length--;
            return space;
        }

        TokenModelReader.Expect(ref reader, JsonTokenType.StartArray, $"model.merges[{rank}] is neither a string nor a list");
        length = 0;
        int middle = 0;
        int halves = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            middle = length;
            Fit(ref pair, length + reader.ValueSpan.Length);
            length += reader.CopyString(pair.AsSpan(length));
            halves++;
        }

        return halves == 2 && reader.TokenType == JsonTokenType.EndArray
            ? middle : throw new InvalidDataException($"model.merges[{rank}] is not two pieces.");
    }

    static void Fit(ref byte[] buffer, int size)
    {
        if (buffer.Length < size)
        {
            Array.Resize(ref buffer, Math.Max(size, buffer.Length * 2));
        }
    }
}

/// <summary>A Unigram's vocab: a list of [piece, score], where the index is the id.</summary>
static class UnigramReader
{
    public static UnigramModel Read(ref Utf8JsonReader reader, Dictionary<string, JsonElement> rules)
    {
        TokenModelReader.Expect(ref reader, JsonTokenType.StartArray, "model.vocab is not a list");
        var pool = new MemoryStream();
        var starts = new List<int> { 0 };
        var scores = new List<double>();
        var vocabulary = new Vocabulary();
        byte[] buffer = new byte[256];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            string where = $"model.vocab[{scores.Count}]";
            TokenModelReader.Expect(ref reader, JsonTokenType.StartArray, where + " is not a piece and its score");
            reader.Read();
            TokenModelReader.Expect(ref reader, JsonTokenType.String, where + " has no piece");
            if (buffer.Length < reader.ValueSpan.Length)
            {
                buffer = new byte[reader.ValueSpan.Length];
            }

            int length = reader.CopyString(buffer);
            reader.Read();
            TokenModelReader.Expect(ref reader, JsonTokenType.Number, where + " has no score");
            scores.Add(reader.TryGetDouble(out double score) && double.IsFinite(score)
                ? score : throw new InvalidDataException(where + " has a score that is no number."));
            reader.Read();
            TokenModelReader.Expect(ref reader, JsonTokenType.EndArray, where + " is not a piece and its score");
            vocabulary.Add(buffer.AsSpan(0, length), scores.Count - 1);
            pool.Write(buffer, 0, length);
            starts.Add((int)pool.Length);
        }

        int unknown = rules.TryGetValue("unk_id", out JsonElement id) && id.ValueKind != JsonValueKind.Null
            ? id.Number("model.unk_id") : throw new InvalidDataException("model.unk_id is missing.");
        if (unknown >= scores.Count)
        {
            throw new InvalidDataException($"model.unk_id is {unknown}; model.vocab has {scores.Count} pieces.");
        }

        vocabulary.Trim();
        var pieces = new PieceIndex(pool.ToArray(), [.. starts], piece => vocabulary.Find(piece));
        return new UnigramModel(vocabulary, pieces, [.. scores], unknown, TokenModelReader.FlagOf(rules, "byte_fallback"));
    }
}
