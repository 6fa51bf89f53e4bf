using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Faces;

/// <summary>
/// Faces to embeddings with ArcFace: aligned to 112 × 112, (v − 127.5) / 127.5 unless the graph does that itself. On the CPU each is a
/// run of its own, several side by side; elsewhere they go in batches of few sizes, so that no picture brings a new shape. A model
/// whose first axis is fixed, or that loses rows, gets them one by one.
/// </summary>
public sealed class ArcFaceRecognizer : IDisposable
{
    static readonly int[] s_batches = [1, 2, 4, 8, 16];

    // Rows that a graph may fix.
    const int MostFixed = 64;

    // Faces that are aligned before their runs begin, 150 kB each.
    const int MostTogether = 16;

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly PictureInput _input;
    readonly PixelLayout _format;
    readonly SolvePrecision _alignment;

    // Rows of one run where the graph fixes them, else 0.
    readonly int _fixedBatch;
    readonly int _maxBatch;
    readonly EmbeddingCheck _embedding;
    volatile bool _losesRows;

    ArcFaceRecognizer(ModelKey key, ModelSession session, PictureInput input, StandardizeTable table, FaceRules rules, int maxBatch)
    {
        _key = key;
        _session = session;
        _input = input;
        _format = new PixelLayout(table);
        _alignment = rules.Alignment;
        _fixedBatch = Math.Max(0, input.Batch);
        _maxBatch = maxBatch;
        _embedding = EmbeddingCheck.For(key, session);
    }

    /// <exception cref="ModelException">The model is missing or is no face recognizer.</exception>
    public static ArcFaceRecognizer Load(ModelKey key, ModelStore store, SessionFactory sessions, FaceOptions options, FaceRules rules)
    {
        string path = Path.Combine(store.Find(key), ModelStore.ModelFileName);
        return sessions.Load(key, path, session =>
        {
            if (PictureInput.Of(session) is not
                { Batch: <= MostFixed, Height: <= 0 or FaceAligner.Side, Width: <= 0 or FaceAligner.Side } input)
            {
                throw key.Unusable($"is no ArcFace recognizer: {PictureInput.Expected}, 112 × 112 in.");
            }

            StandardizeTable table = !input.IsPixels && rules.GraphMayNormalize && OnnxGraphReader.NormalizesInside(path)
                ? StandardizeTable.OnBytes(0, 1) : rules.Standardize();
            int limit = options.MaxBatchSize is var most and > 0 ? most
                : session.WantsSingles || session.RunsSideBySide ? 1 : s_batches[^1];
            return new ArcFaceRecognizer(key, session, input, table, rules, limit);
        });
    }

    /// <summary>The same faces in the same order, each with its embedding as the model gave it.</summary>
    /// <exception cref="InferenceException">The detector gave no landmarks to align by, or an embedding is not finite.</exception>
    public IReadOnlyList<Face> Recognize(Bitmap bitmap, IReadOnlyList<Face> faces, StageClock clock, CancellationToken cancellation)
    {
        if (faces.Any(face => face.Landmarks is null))
        {
            throw new InferenceException(
                InferenceFault.InvalidInput, $"{_key.Kind} needs landmarks, and the detector that was asked for gives none.");
        }

        var recognized = new List<Face>(faces.Count);
        while (recognized.Count < faces.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            (int count, int rows) = NextRuns(faces.Count - recognized.Count);
            Face[] some = [.. faces.Skip(recognized.Count).Take(count)];
            if (Embed(bitmap, some, rows, clock, cancellation) is { } embeddings)
            {
                recognized.AddRange(some.Zip(embeddings, (face, embedding) => face with { Embedding = embedding }));
            }
            else
            {
                _losesRows = true;
            }
        }

        return recognized;
    }

    /// <summary>How many faces go next, and in runs of how many rows; what is over in the last is padding.</summary>
    (int Count, int Rows) NextRuns(int left)
    {
        if (_fixedBatch > 1)
        {
            return (Math.Min(left, _fixedBatch), _fixedBatch);
        }

        int most = Math.Min(left, _maxBatch);
        if (_fixedBatch == 1 || _losesRows || most == 1)
        {
            return (_session.RunsSideBySide ? Math.Min(left, MostTogether) : 1, 1);
        }

        int rows = s_batches.FirstOrDefault(size => size >= most, s_batches[^1]);
        rows = rows > _maxBatch ? s_batches.Last(size => size <= _maxBatch) : rows;
        return (Math.Min(left, rows), rows);
    }

    /// <summary>Null where a batch of more than one did not come back whole: the graph cannot take it.</summary>
    float[][]? Embed(Bitmap bitmap, Face[] faces, int rows, StageClock clock, CancellationToken cancellation)
    {
        int all = Math.Max(rows, faces.Length);
        using var tensor = new PictureTensor(_input, _format, all, FaceAligner.Side, FaceAligner.Side);
        clock.Start(Stage.Preprocess);
        SideBySide.Run(all, i =>
        {
            if (i >= faces.Length)
            {
                tensor.Clear(i);
                return;
            }

            using Bitmap aligned = FaceAligner.Align(bitmap, faces[i].Landmarks, _alignment);
            tensor.Write(i, aligned);
        });

        clock.Start(Stage.Inference);
        if (rows == 1)
        {
            clock.Runs += faces.Length - 1;
            var embeddings = new float[faces.Length][];
            SideBySide.RunModels(faces.Length, i => embeddings[i] = Run(tensor.FeedOf(i, 1), 1, 1, cancellation)![0]);
            return embeddings;
        }

        try
        {
            return Run(tensor.Feed, rows, faces.Length, cancellation);
        }
        catch (ModelException) when (_fixedBatch == 0)
        {
            return null;
        }
    }

    float[][]? Run(ModelFeed feed, int rows, int wanted, CancellationToken cancellation) =>
        _session.Run(feed, (values, dimensions) => Rows(values, dimensions, rows, wanted), cancellation);

    /// <summary>The first so many rows.</summary>
    float[][]? Rows(ReadOnlySpan<float> values, long[] dimensions, int rows, int wanted)
    {
        // A single face may come without its batch axis.
        if (values.Length > 0 && ((dimensions is [var first, ..] && first == rows) || rows == 1))
        {
            var embeddings = new float[wanted][];
            int length = values.Length / rows;
            for (int i = 0; i < wanted; i++)
            {
                _embedding.Check(values.Slice(i * length, length));
            }

            for (int i = 0; i < wanted; i++)
            {
                embeddings[i] = EmbeddingPool.Rent(length);
                values.Slice(i * length, length).CopyTo(embeddings[i]);
            }

            return embeddings;
        }

        return rows > 1 && _fixedBatch == 0
            ? null
            : throw _key.Unusable($"answers {rows} faces with {dimensions.FirstOrDefault()} rows.");
    }

    public void Dispose() => _session.Dispose();
}
