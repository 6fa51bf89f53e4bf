using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// Picture to embedding: shorter side to the model's size with Pillow's bicubic, centre crop, standardize, NCHW, run. The embedding
/// is the model's first output, row 0, as it stands.
/// </summary>
public sealed class ClipVisualEncoder : IDisposable
{
    readonly ModelSession _session;
    readonly StandardizeTable _table;
    readonly int _side;
    readonly EmbeddingCheck _embedding;
    ClipBatch<TensorBuffer>? _batch;

    ClipVisualEncoder(ModelSession session, StandardizeTable table, int side, EmbeddingCheck embedding)
    {
        _session = session;
        _table = table;
        _side = side;
        _embedding = embedding;
    }

    /// <exception cref="ModelException">The model or its configuration is missing or does not fit.</exception>
    public static ClipVisualEncoder Load(ModelKey key, ModelStore store, SessionFactory sessions)
    {
        string folder = store.Find(key);
        VisualConfig config = VisualConfig.Read(key, folder);
        return sessions.Load(key, Path.Combine(folder, ModelStore.ModelFileName), session =>
            new ClipVisualEncoder(
                session, new StandardizeTable(config.Mean, config.Std), SideOf(key, session, config),
                EmbeddingCheck.For(key, session, EmbeddingCheck.Configured(folder))));
    }

    /// <summary>A size that is fixed in the graph counts; the configuration's where the graph leaves it free.</summary>
    static int SideOf(ModelKey key, ModelSession session, VisualConfig config)
    {
        if (session.Inputs is not
            [{
                ElementType: TensorElementType.Float or TensorElementType.Float16,
                Dimensions: [<= 1, -1 or 3, <= VisualConfig.MaxSide and var height, <= VisualConfig.MaxSide and var width],
            }])
        {
            throw key.Unusable("does not take one float tensor of [1, 3, height, width].");
        }

        int side = height > 0 ? height : config.Side;
        return width <= 0 || width == side
            ? side
            : throw key.Unusable($"wants pictures of {width}×{height}; only squares are known here.");
    }

    /// <summary>Pictures that come at the same time share a run.</summary>
    internal bool SharesRuns => _batch is not null;

    /// <summary>From here on pictures that come at the same time share a run, if the settings want it and the model can.</summary>
    public void ShareRuns(ClipOptions options, int runsAtOnce, TimeProvider time) =>
        _batch = options.MaxBatch > 1 && _session.Inputs[0].Dimensions[0] < 0
            ? new ClipBatch<TensorBuffer>(Encode, options, runsAtOnce, time)
            : null;

    /// <summary>The embedding, as many floats as the model gives.</summary>
    /// <exception cref="InferenceException">It is not finite.</exception>
    public float[] Encode(Bitmap bitmap, StageClock clock, CancellationToken cancellation)
    {
        using TensorBuffer tensor = Preprocess(bitmap, clock);
        clock.Start(Stage.Inference);
        float[] embedding = _session.Run(tensor.Memory, [1, 3, _side, _side], _embedding.FirstRow, cancellation);
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
        using TensorBuffer tensor = await admission.RunAsync(() => Preprocess(bitmap, clock), start);
        return await _batch!.EncodeAsync(tensor, admission, clock, start, cancellation);
    }

    /// <summary>What a picture becomes on its way into the model.</summary>
    TensorBuffer Preprocess(Bitmap bitmap, StageClock clock)
    {
        clock.Start(Stage.Preprocess);
        var tensor = new TensorBuffer(3 * _side * _side);
        try
        {
            (int width, int height, PixelRectangle region) = CenterCrop.Plan(bitmap.Width, bitmap.Height, _side);
            SideBySide.RunRows(_side, band =>
                TensorWriter.WriteResized(
                    bitmap, width, height, ResampleFilter.Bicubic, region, _table, new TensorPlanes(tensor.GetSpan(), _side, _side), band));
            return tensor;
        }
        catch
        {
            ((IDisposable)tensor).Dispose();
            throw;
        }
    }

    /// <summary>An embedding for each, by one run.</summary>
    /// <exception cref="ModelException">The model fails, or does not give a row for each.</exception>
    float[][] Encode(IReadOnlyList<TensorBuffer> pictures, CancellationToken cancellation)
    {
        int length = 3 * _side * _side;
        using var batch = new TensorBuffer(pictures.Count * length);
        for (int i = 0; i < pictures.Count; i++)
        {
            pictures[i].GetSpan().CopyTo(batch.Part(i * length, length));
        }

        return _session.Run(
            batch.Memory, [pictures.Count, 3, _side, _side],
            (values, dimensions) => _embedding.Rows(values, dimensions, pictures.Count), cancellation);
    }

    public void Dispose() => _session.Dispose();
}
