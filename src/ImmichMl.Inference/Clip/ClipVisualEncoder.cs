using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// Picture to embedding: resized to the model's square as its configuration and the rules say, into the tensor that the graph takes, run.
/// The embedding is the model's first output, row 0, as it stands.
/// </summary>
public sealed class ClipVisualEncoder : IDisposable
{
    readonly ModelSession _session;
    readonly PictureInput _input;
    readonly PixelLayout _format;
    readonly ClipResizeMode _mode;
    readonly ResampleFilter _filter;
    readonly int _side;
    readonly EmbeddingCheck _embedding;
    ClipBatch<PictureTensor>? _batch;

    ClipVisualEncoder(ModelKey key, ModelSession session, VisualConfig config, ClipRules rules, EmbeddingCheck embedding)
    {
        _session = session;
        _input = InputOf(key, session);
        _side = SideOf(key, _input, config);
        _format = new PixelLayout(rules.Standardize(config.Mean!, config.Std!));
        (_mode, _filter) = rules.FollowsResizeMode ? ResizeOf(key, config) : (ClipResizeMode.Shortest, ResampleFilter.Bicubic);
        _embedding = embedding;
    }

    /// <exception cref="ModelException">The model or its configuration is missing or does not fit.</exception>
    public static ClipVisualEncoder Load(ModelKey key, ModelStore store, SessionFactory sessions, ClipRules rules)
    {
        string folder = store.Find(key);
        return sessions.Load(key, Path.Combine(folder, ModelStore.ModelFileName), session => Over(key, folder, session, rules));
    }

    /// <summary>The same over a session that is open already.</summary>
    /// <exception cref="ModelException">The model or its configuration is missing or does not fit.</exception>
    internal static ClipVisualEncoder Over(ModelKey key, string folder, ModelSession session, ClipRules rules) => new(
        key, session, VisualConfig.Read(key, folder), rules, EmbeddingCheck.For(key, session, EmbeddingCheck.Configured(folder)));

    static PictureInput InputOf(ModelKey key, ModelSession session) =>
        PictureInput.Of(session) is { Batch: <= 1, Height: <= VisualConfig.MaxSide, Width: <= VisualConfig.MaxSide } input
            ? input
            : throw key.Unusable($"does not take pictures as CLIP does: {PictureInput.Expected}.");

    /// <summary>A size that is fixed in the graph counts; the configuration's where the graph leaves it free.</summary>
    static int SideOf(ModelKey key, PictureInput input, VisualConfig config)
    {
        int side = input.Height > 0 ? input.Height : config.Side;
        return input.Width <= 0 || input.Width == side
            ? side
            : throw key.Unusable($"wants pictures of {input.Width}×{input.Height}; only squares are known here.");
    }

    /// <summary>Immich demands an interpolation; here a model that names none gets bicubic, as it did from 2.7.</summary>
    static (ClipResizeMode, ResampleFilter) ResizeOf(ModelKey key, VisualConfig config) =>
        !ClipResize.TryParseMode(config.ResizeMode, out ClipResizeMode mode)
            ? throw key.Unusable($"cannot be used: resize_mode '{config.ResizeMode}' is neither shortest nor squash.")
            : !ClipResize.TryParseFilter(config.Interpolation ?? nameof(ResampleFilter.Bicubic), out ResampleFilter filter)
                ? throw key.Unusable(
                    $"cannot be used: interpolation '{config.Interpolation}' is none of nearest, box, bilinear, hamming, bicubic, lanczos.")
                : (mode, filter);

    /// <summary>Pictures that come at the same time share a run.</summary>
    internal bool SharesRuns => _batch is not null;

    /// <summary>From here on pictures that come at the same time share a run, if the settings want it and the model can.</summary>
    public void ShareRuns(ClipOptions options, int runsAtOnce, TimeProvider time) =>
        _batch = options.MaxBatch > 1 && _input.Batch < 0
            ? new ClipBatch<PictureTensor>(Encode, options, runsAtOnce, time)
            : null;

    /// <summary>The embedding, as many floats as the model gives.</summary>
    /// <exception cref="InferenceException">It is not finite.</exception>
    public float[] Encode(Bitmap bitmap, StageClock clock, CancellationToken cancellation)
    {
        using PictureTensor tensor = Preprocess(bitmap, clock);
        clock.Start(Stage.Inference);
        float[] embedding = _session.Run(tensor.Feed, _embedding.FirstRow, cancellation);
        clock.Start(Stage.Postprocess);
        return embedding;
    }

    /// <summary>As above, in a run together with others, where <see cref="SharesRuns"/>.</summary>
    /// <param name="bitmap">The picture.</param>
    /// <param name="admission">The request's.</param>
    /// <param name="clock">The request's.</param>
    /// <param name="start">Ends the waiting for a run.</param>
    /// <param name="cancellation">Nobody wants the answer any more.</param>
    internal async Task<float[]> EncodeTogetherAsync(
        Bitmap bitmap, InferenceQueue.Admission admission, StageClock clock, CancellationToken start, CancellationToken cancellation)
    {
        using PictureTensor tensor = await admission.RunAsync(() => Preprocess(bitmap, clock), start);
        return await _batch!.EncodeAsync(tensor, admission, clock, start, cancellation);
    }

    /// <summary>What a picture becomes on its way into the model.</summary>
    PictureTensor Preprocess(Bitmap bitmap, StageClock clock)
    {
        clock.Start(Stage.Preprocess);
        var tensor = new PictureTensor(_input, _format, 1, _side, _side);
        try
        {
            (int width, int height, PixelRectangle region) = ClipResize.Plan(bitmap.Width, bitmap.Height, _side, _mode);
            SideBySide.RunRows(_side, band => tensor.WriteResized(bitmap, width, height, _filter, region, band));
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>An embedding for each, by one run.</summary>
    /// <exception cref="ModelException">The model fails, or does not give a row for each.</exception>
    float[][] Encode(IReadOnlyList<PictureTensor> pictures, CancellationToken cancellation)
    {
        using PictureTensor batch = PictureTensor.Join(pictures);
        return _session.Run(
            batch.Feed, (values, dimensions) => _embedding.Rows(values, dimensions, pictures.Count), cancellation);
    }

    /// <inheritdoc cref="ModelSession.Precision"/>
    public string Precision => _session.Precision;

    public void Dispose() => _session.Dispose();
}
