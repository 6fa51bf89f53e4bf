using System.Text.RegularExpressions;
using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;
using ImmichMl.Tokenizers;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// Text to embedding: clean, language code (NLLB), token ids cut and padded to the context length, run. The embedding is the model's
/// first output, row 0, as it stands.
/// </summary>
public sealed class ClipTextualEncoder : IDisposable
{
    const int LengthStep = 8;

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly TextualConfig _config;
    readonly Tokenizer _tokenizer;
    readonly EmbeddingCache _cache;
    readonly Action<string> _unknownLanguage;
    readonly int _length;
    readonly EmbeddingCheck _embedding;
    readonly TokenTable? _table;

    // The input that the table's rows are looked up by.
    readonly int _firstTokens;

    // The model takes shorter texts as well, and what stands behind their end does not count.
    readonly bool _takesShort;
    readonly int _padId;
    readonly bool _takesLanguage;
    ClipBatch<long[][]>? _batch;

    ClipTextualEncoder(
        ModelKey key, ModelSession session, TextualConfig config, Tokenizer tokenizer, EmbeddingCheck embedding, TokenTable? table,
        ClipOptions options, Action<string> unknownLanguage)
    {
        _key = key;
        _session = session;
        _config = config;
        _tokenizer = tokenizer;
        _embedding = embedding;
        _table = table;
        _firstTokens = session.Inputs.ToList().FindIndex(input => !IsMask(input));
        _cache = new EmbeddingCache(options.TextCache);
        _unknownLanguage = unknownLanguage;
        int fixedLength = LengthOf(key, session, config), mostTokens = MostTokens(session);
        _takesShort = mostTokens > 0;
        _length = _takesShort ? mostTokens : fixedLength;
        _takesLanguage = key.Name.StartsWith("nllb", StringComparison.OrdinalIgnoreCase);
        _padId = tokenizer.Find(config.PadToken) is >= 0 and var id
            ? id
            : throw key.Unusable($"cannot be used: its tokenizer has no pad_token '{config.PadToken}'.");
    }

    /// <param name="key">Which model.</param>
    /// <param name="store">Where it lies.</param>
    /// <param name="sessions">What opens it.</param>
    /// <param name="options">Settings.</param>
    /// <param name="unknownLanguage">Told of a language without a code, for which English is taken.</param>
    /// <exception cref="ModelException">The model, its configuration or its tokenizer is missing or does not fit.</exception>
    public static ClipTextualEncoder Load(
        ModelKey key, ModelStore store, SessionFactory sessions, ClipOptions options, Action<string> unknownLanguage)
    {
        string folder = store.Find(key);
        return sessions.Load(
            key, Path.Combine(folder, ModelStore.ModelFileName), session => Over(key, folder, session, options, unknownLanguage));
    }

    /// <summary>The same over a session that is open already.</summary>
    /// <exception cref="ModelException">The model, its configuration or its tokenizer is missing or does not fit.</exception>
    internal static ClipTextualEncoder Over(
        ModelKey key, string folder, ModelSession session, ClipOptions options, Action<string> unknownLanguage)
    {
        TextualConfig config = TextualConfig.Read(key, folder);
        Tokenizer tokenizer = ReadTokenizer(key, Path.Combine(folder, "tokenizer.json"));
        string graph = Path.Combine(folder, ModelStore.ModelFileName);
        TokenTable? table = null;
        try
        {
            EmbeddingCheck embedding = EmbeddingCheck.For(key, session, EmbeddingCheck.Configured(folder));
            table = TokenTable.Of(key, session, graph);
            return new ClipTextualEncoder(key, session, config, tokenizer, embedding, table, options, unknownLanguage);
        }
        catch
        {
            table?.Dispose();
            throw;
        }
    }

    static Tokenizer ReadTokenizer(ModelKey key, string path)
    {
        try
        {
            return Tokenizer.Parse(ModelFile.ReadAll(path, Tokenizer.MaxFileBytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw ModelFile.FaultOf(key, path, e);
        }
    }

    /// <summary>A length that is fixed in the graph counts; the configuration's where the graph leaves it free.</summary>
    static int LengthOf(ModelKey key, ModelSession session, TextualConfig config)
    {
        TensorInfo[] inputs = [.. session.Inputs.Where(input => !ModelFeed.IsTokenEmbeds(input))];
        bool fits = inputs.Length is 1 or 2
            && inputs.All(input => input is
            {
                ElementType: TensorElementType.Int32 or TensorElementType.Int64,
                Dimensions: [-1 or 1, -1 or (> 0 and <= TextualConfig.MaxContextLength)],
            })
            && inputs.Count(IsMask) == inputs.Length - 1 && session.Inputs.Count - inputs.Length <= 1
            && !ModelFeed.IsTokenEmbeds(session.Inputs[0]);
        if (!fits)
        {
            throw key.Unusable("does not take token ids of [1, length], with or without an attention_mask.");
        }

        int[] lengths = [.. inputs.Select(input => input.Dimensions[1]).Where(length => length > 0).Distinct()];
        return lengths.Length switch
        {
            0 => config.ContextLength,
            1 => lengths[0],
            _ => throw key.Unusable("wants token ids and an attention_mask of different lengths."),
        };
    }

    /// <summary>Of a model that takes as many as there are; else 0.</summary>
    static int MostTokens(ModelSession session) =>
        TokenAxis.MostTokensOf(session.Metadata) is var most && most <= TextualConfig.MaxContextLength ? most : 0;

    static bool IsMask(TensorInfo input) => input.Name == "attention_mask";

    /// <summary>Texts that come at the same time share a run.</summary>
    internal bool SharesRuns => _batch is not null;

    /// <summary>From here on texts that come at the same time share a run, if the settings want it and the model can.</summary>
    public void ShareRuns(ClipOptions options, int runsAtOnce, TimeProvider time) =>
        _batch = options.MaxBatch > 1 && !_session.WantsSingles && _table is null && _session.Inputs.All(input => input.Dimensions[0] < 0)
            ? new ClipBatch<long[][]>(Encode, options, runsAtOnce, time) : null;

    /// <summary>The embedding, as many floats as the model gives.</summary>
    /// <exception cref="InferenceException">It is not finite.</exception>
    public float[] Encode(string text, string? language, StageClock clock, CancellationToken cancellation)
    {
        (string cleaned, float[]? known) = Clean(text, language, clock);
        if (known is not null)
        {
            return known;
        }

        long[][] rows = RowsOf(cleaned, cancellation);
        clock.Start(Stage.Inference);
        var feed = new ModelFeed { Rows = rows, RowCount = 1, TokenEmbeds = _table?.RowsOf(rows[_firstTokens]) };
        float[] embedding = _session.Run(feed, _embedding.FirstRow, cancellation);
        clock.Start(Stage.Postprocess);
        _cache.Put(cleaned, embedding);
        return embedding;
    }

    /// <summary>As above, in a run together with others, where <see cref="SharesRuns"/>.</summary>
    /// <param name="text">The query.</param>
    /// <param name="language">Its code, for models that want one.</param>
    /// <param name="admission">The request's.</param>
    /// <param name="clock">The request's.</param>
    /// <param name="start">Ends the waiting for a run.</param>
    /// <param name="cancellation">Nobody wants the answer any more.</param>
    internal async Task<float[]> EncodeTogetherAsync(
        string text, string? language, InferenceQueue.Admission admission, StageClock clock, CancellationToken start,
        CancellationToken cancellation)
    {
        (string cleaned, float[]? known, long[][] rows) = await admission.RunAsync(
            () =>
            {
                (string words, float[]? found) = Clean(text, language, clock);
                return (words, found, found is null ? RowsOf(words, start) : []);
            },
            start);
        if (known is not null)
        {
            return known;
        }

        float[] embedding = await _batch!.EncodeAsync(rows, admission, clock, start, cancellation);
        _cache.Put(cleaned, embedding);
        return embedding;
    }

    /// <summary>The text as the tokenizer is to see it, and its embedding where that is known.</summary>
    (string Cleaned, float[]? Known) Clean(string text, string? language, StageClock clock)
    {
        clock.Start(Stage.Preprocess);
        string cleaned = QueryText.Clean(text, _config.Canonicalize);
        if (_takesLanguage && !string.IsNullOrEmpty(language))
        {
            cleaned = CodeOf(language) + cleaned;
        }

        return (cleaned, _cache.TryGet(cleaned, out float[]? known) ? known : null);
    }

    /// <summary>Token ids and mask, in the order of the model's inputs.</summary>
    long[][] RowsOf(string cleaned, CancellationToken cancellation)
    {
        int[] ids = IdsOf(cleaned, cancellation);

        // With a token of padding, by which some models find the end; of few lengths, because each is a shape that memory is planned for.
        int length = _takesShort ? Math.Min(_length, (ids.Length / LengthStep * LengthStep) + LengthStep) : _length;
        var padded = new long[length];
        padded.AsSpan().Fill(_padId);
        var mask = new long[length];
        for (int i = 0; i < ids.Length; i++)
        {
            padded[i] = ids[i];
            mask[i] = 1;
        }

        return [.. _session.Inputs.Select(input => IsMask(input) ? mask : padded)];
    }

    /// <summary>An embedding for each, by one run.</summary>
    /// <exception cref="ModelException">The model fails, or does not give a row for each.</exception>
    float[][] Encode(IReadOnlyList<long[][]> texts, CancellationToken cancellation) => _session.RunIntegers(
        [.. _session.Inputs.Select((_, input) => texts.SelectMany(rows => rows[input]).ToArray())], texts.Count,
        (values, dimensions) => _embedding.Rows(values, dimensions, texts.Count), cancellation);

    int[] IdsOf(string text, CancellationToken cancellation)
    {
        try
        {
            return _tokenizer.Encode(text, _length, cancellation);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw _key.Unusable("cannot be used for this text: a pattern of its tokenizer.json takes longer than "
                + $"{e.MatchTimeout.TotalSeconds:0} s.",
                e);
        }
        catch (InvalidDataException e)
        {
            throw _key.Unusable($"cannot be used for this text: {e.Message}.", e);
        }
    }

    string CodeOf(string language)
    {
        if (!FloresLanguages.TryFind(language, out string code))
        {
            _unknownLanguage(language);
        }

        return code;
    }

    /// <summary>The embeddings of the latest texts go; they come out the same again.</summary>
    public void ForgetTexts() => _cache.Clear();

    /// <inheritdoc cref="ModelSession.Precision"/>
    public string Precision => _session.Precision;

    public void Dispose()
    {
        _session.Dispose();
        _table?.Dispose();
    }
}
