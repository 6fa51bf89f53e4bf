namespace ImmichMl.Tokenizers;

/// <summary>
/// A tokenizer.json at work: added tokens, normalizer, pre-tokenizer, model, post-processor, with the ids that Hugging Face's own
/// library gives. What the file says of truncation and padding is not used; the encoder says it.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>In a template: where the text's own ids go.</summary>
    internal const int TextSlot = -1;

    readonly Normalizer _normalize;
    readonly PreTokenizer? _preTokenize;
    readonly TokenModel _model;
    readonly AddedTokens _added;
    readonly Dictionary<string, int> _addedIds;
    readonly int[] _template;

    internal Tokenizer(
        Normalizer normalize, PreTokenizer? preTokenize, TokenModel model, IReadOnlyList<AddedToken> added, int[] template)
    {
        _normalize = normalize;
        _preTokenize = preTokenize;
        _model = model;
        _added = new AddedTokens(added, normalize);
        _addedIds = added.DistinctBy(token => token.Content).ToDictionary(token => token.Content, token => token.Id);
        _template = template;
    }

    /// <summary>Bytes of a tokenizer.json that nobody need read: ten times the largest known.</summary>
    public const long MaxFileBytes = TokenizerFile.MaxBytes;

    /// <summary>Reads tokenizer.json, as Hugging Face's library writes it (UTF-8, with or without a byte order mark).</summary>
    /// <exception cref="InvalidDataException">It is no tokenizer that is known here; the message says what and where.</exception>
    public static Tokenizer Parse(ReadOnlySpan<byte> file) => TokenizerFile.Read(file);

    /// <summary>The id of a piece or an added token, -1 where there is none.</summary>
    public int Find(string token) => _addedIds.TryGetValue(token, out int id) ? id : _model.Vocabulary.Find(token);

    /// <summary>
    /// The ids with special tokens, at most <paramref name="limit"/>: what is cut is the text's end, never a special token.
    /// </summary>
    /// <exception cref="InvalidDataException">The file makes far more of the text than there is.</exception>
    public int[] Encode(string text, int limit = int.MaxValue, CancellationToken cancellation = default)
    {
        int slots = _template.Count(id => id == TextSlot);
        int left = Math.Max(0, limit - (_template.Length - slots));
        var content = new List<int>();
        if (left > 0 && slots > 0)
        {
            AddContent(WellFormed(text), content, left, new TextBudget(text.Length, cancellation));
        }

        if (content.Count > left)
        {
            content.RemoveRange(left, content.Count - left);
        }

        var ids = new List<int>(content.Count + _template.Length);
        foreach (int id in _template)
        {
            if (id == TextSlot)
            {
                ids.AddRange(content);
            }
            else
            {
                ids.Add(id);
            }

            if (ids.Count >= limit)
            {
                break;
            }
        }

        return ids.Count > limit ? [.. ids.GetRange(0, limit)] : [.. ids];
    }

    /// <summary>Stops once there is enough: pieces do not look at one another.</summary>
    void AddContent(string text, List<int> ids, int enough, TextBudget budget)
    {
        foreach ((int start, int end, int id) in _added.SplitRaw(text, budget))
        {
            if (id >= 0)
            {
                ids.Add(id);
            }
            else
            {
                AddNormalized(_normalize(text[start..end], budget), isFirst: start == 0, ids, enough, budget);
            }

            if (ids.Count >= enough)
            {
                return;
            }
        }
    }

    void AddNormalized(string text, bool isFirst, List<int> ids, int enough, TextBudget budget)
    {
        foreach ((int start, int end, int id) in _added.SplitNormalized(text, budget))
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }

            var piece = new Piece(text[start..end], isFirst && start == 0);
            foreach (Piece part in _preTokenize is null ? [piece] : _preTokenize(piece, budget))
            {
                budget.Check(part.Text.Length);
                AddPiece(part.Text, ids);
                if (ids.Count >= enough)
                {
                    return;
                }
            }
        }
    }

    void AddPiece(string text, List<int> ids)
    {
        const int onStack = 512;
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= onStack ? stackalloc byte[onStack] : new byte[most];
        _model.Encode(bytes[..Encoding.UTF8.GetBytes(text, bytes)], ids);
    }

    /// <summary>A surrogate without its other half cannot be written as UTF-8; it becomes U+FFFD.</summary>
    static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
}
