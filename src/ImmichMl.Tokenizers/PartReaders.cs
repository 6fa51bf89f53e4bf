namespace ImmichMl.Tokenizers;

/// <summary>normalizer of tokenizer.json.</summary>
static class NormalizerReader
{
    const string Where = "normalizer";

    public static Normalizer Read(JsonElement part)
    {
        if (part.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return (text, _) => text;
        }

        part.CheckSteps("normalizers", Where);
        return ReadOne(part);
    }

    static Normalizer ReadOne(JsonElement part)
    {
        string type = part.Text("type", Where);
        switch (type)
        {
            case "Sequence":
                Normalizer[] steps = [.. part.List("normalizers", Where).Select(ReadOne)];
                return (text, budget) => steps.Aggregate(text, (now, step) => step(now, budget));
            case "NFC" or "NFD" or "NFKC" or "NFKD":
                return (text, budget) =>
                    UnicodeNormalization.Normalize(text, compose: type[^1] == 'C', compatible: type.Length == 4, budget);
            case "Lowercase":
                return (text, budget) => Checked(TextRules.Lowercase(text), budget);
            case "StripAccents":
                return (text, budget) => Checked(TextRules.Filter(text, CodePointFlags.Combining), budget);
            case "Strip":
                (bool left, bool right) = (part.Flag("strip_left", Where), part.Flag("strip_right", Where));
                return (text, budget) => Checked(TextRules.Strip(text, left, right), budget);
            case "Replace":
                (TextPattern pattern, string content) = (part.Pattern(Where), part.Text("content", Where));
                return (text, budget) => pattern.Replace(text, content, budget);
            case "Prepend":
                string prefix = part.Text("prepend", Where);
                return (text, budget) =>
                {
                    budget.Check((long)prefix.Length + text.Length);
                    return text.Length == 0 ? text : prefix + text;
                };
            case "BertNormalizer":
                return Bert(part);
            case "Precompiled":
                return new Precompiled(part.Text("precompiled_charsmap", Where)).Normalize;
            default:
                throw new InvalidDataException($"normalizer '{type}' is not known here.");
        }
    }

    static string Checked(string text, TextBudget budget)
    {
        budget.Check(text.Length);
        return text;
    }

    static Normalizer Bert(JsonElement part)
    {
        bool clean = part.Flag("clean_text", Where, true);
        bool chinese = part.Flag("handle_chinese_chars", Where, true);
        bool lowercase = part.Flag("lowercase", Where, true);
        bool strip = part.Flag("strip_accents", Where, lowercase);
        return (text, budget) =>
        {
            text = clean ? TextRules.BertClean(text) : text;
            text = Checked(chinese ? TextRules.SpaceAroundChinese(text) : text, budget);
            if (strip)
            {
                text = TextRules.Filter(UnicodeNormalization.Normalize(text, compose: false, compatible: false, budget),
                    CodePointFlags.NonSpacingMark);
            }

            return Checked(lowercase ? TextRules.Lowercase(text) : text, budget);
        };
    }
}

/// <summary>pre_tokenizer of tokenizer.json.</summary>
static class PreTokenizerReader
{
    const string Where = "pre_tokenizer";

    public static PreTokenizer? Read(JsonElement part)
    {
        if (part.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return null;
        }

        part.CheckSteps("pretokenizers", Where);
        return ReadOne(part);
    }

    static PreTokenizer ReadOne(JsonElement part)
    {
        string type = part.Text("type", Where);
        return type switch
        {
            "Sequence" => PreTokenizers.Sequence([.. part.List("pretokenizers", Where).Select(ReadOne)]),
            "ByteLevel" => PreTokenizers.ByteLevel(part.Flag("add_prefix_space", Where, true), part.Flag("use_regex", Where, true)),
            "Split" => PreTokenizers.Split(part.Pattern(Where), Behavior(part.Text("behavior", Where)), part.Flag("invert", Where)),
            "Metaspace" => ReadMetaspace(part),
            "Whitespace" => PreTokenizers.Whitespace,
            "WhitespaceSplit" => PreTokenizers.Split(CodePointFlags.WhiteSpace, SplitBehavior.Removed),
            "BertPreTokenizer" => PreTokenizers.Sequence(
            [
                PreTokenizers.Split(CodePointFlags.WhiteSpace, SplitBehavior.Removed),
                PreTokenizers.Split(CodePointFlags.Punctuation, SplitBehavior.Isolated),
            ]),
            "Punctuation" => PreTokenizers.Split(CodePointFlags.Punctuation, Behavior(part.TextOrNull("behavior", Where) ?? "Isolated")),
            "Digits" => PreTokenizers.Split(
                CodePointFlags.Numeric, part.Flag("individual_digits", Where) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "CharDelimiterSplit" =>
                PreTokenizers.Split(TextPattern.Literal(part.Text("delimiter", Where)), SplitBehavior.Removed, invert: false),
            _ => throw new InvalidDataException($"pre_tokenizer '{type}' is not known here."),
        };
    }

    static PreTokenizer ReadMetaspace(JsonElement part)
    {
        string? scheme = part.TextOrNull("prepend_scheme", Where);
        scheme ??= part.Flag("add_prefix_space", Where, true) ? "always" : "never";
        string replacement = part.TextOrNull("replacement", Where) ?? "\u2581";
        if (replacement.Length == 0 || Rune.GetRuneAt(replacement, 0).Utf16SequenceLength != replacement.Length)
        {
            throw new InvalidDataException($"{Where}.replacement is not one character.");
        }

        return scheme is "always" or "first" or "never"
            ? PreTokenizers.Metaspace(replacement, scheme, part.Flag("split", Where, true))
            : throw new InvalidDataException($"pre_tokenizer.prepend_scheme '{scheme}' is not known here.");
    }

    static SplitBehavior Behavior(string name) => name switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw new InvalidDataException($"pre_tokenizer.behavior '{name}' is not known here."),
    };
}

/// <summary>post_processor of tokenizer.json: which ids stand around the text's own.</summary>
static class PostProcessorReader
{
    const string Where = "post_processor";

    /// <summary>Far beyond any model's context. Processors that name the text twice multiply.</summary>
    const int MostIds = 8192;

    public static int[] Read(JsonElement part)
    {
        if (part.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return [Tokenizer.TextSlot];
        }

        part.CheckSteps("processors", Where);
        return ReadOne(part);
    }

    static int[] ReadOne(JsonElement part)
    {
        string type = part.Text("type", Where);
        return type switch
        {
            "TemplateProcessing" => Template(part),
            "RobertaProcessing" or "BertProcessing" => [IdOf(part, "cls"), Tokenizer.TextSlot, IdOf(part, "sep")],
            "ByteLevel" => [Tokenizer.TextSlot],
            "Sequence" => part.List("processors", Where).Select(ReadOne).Aggregate(
                new[] { Tokenizer.TextSlot }, (inner, outer) => Checked(outer.SelectMany(id => id == Tokenizer.TextSlot ? inner : [id]))),
            _ => throw new InvalidDataException($"post_processor '{type}' is not known here."),
        };
    }

    static int[] Checked(IEnumerable<int> ids) => ids.Take(MostIds + 1).ToArray() is { Length: <= MostIds } all
        ? all : throw new InvalidDataException($"{Where} puts more than {MostIds} ids around a text.");

    /// <summary>["&lt;/s&gt;", 2].</summary>
    static int IdOf(JsonElement part, string name)
    {
        JsonElement pair = part.Child(name, Where);
        return pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
            ? pair[1].Number($"{Where}.{name}[1]")
            : throw new InvalidDataException($"{Where}.{name} is not a token and its id.");
    }

    static int[] Template(JsonElement part)
    {
        JsonElement special = part.Child("special_tokens", Where);
        var ids = new List<int>();
        foreach (JsonElement step in part.List("single", Where))
        {
            if (step.Has("Sequence"))
            {
                ids.Add(Tokenizer.TextSlot);
                continue;
            }

            string name = step.Child("SpecialToken", $"{Where}.single").Text("id", $"{Where}.single");
            string where = $"{Where}.special_tokens.{name}";
            ids.AddRange(special.Child(name, $"{Where}.special_tokens").List("ids", where).Select(id => id.Number($"{where}.ids")));
        }

        return Checked(ids);
    }
}
