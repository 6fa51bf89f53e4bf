using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Faces;

/// <summary>
/// Picture to faces with SCRFD: letterbox at the top left of a black canvas, (v − 127.5) / 128, run, decode, non-maximum suppression.
/// </summary>
public sealed class ScrfdDetector : IDisposable
{
    public const double DefaultMinScore = 0.7;

    const int FreeSide = 640;
    const int MaxSide = 4096;
    const float OverlapThreshold = 0.4f;

    static readonly StandardizeTable s_table = StandardizeTable.OnBytes(127.5f, 128);

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly int _width;
    readonly int _height;

    ScrfdDetector(ModelKey key, ModelSession session, int width, int height)
    {
        _key = key;
        _session = session;
        _width = width;
        _height = height;
    }

    /// <exception cref="ModelException">The model is missing or is no face detector.</exception>
    public static ScrfdDetector Load(ModelKey key, ModelStore store, SessionFactory sessions) => sessions.Load(
        key, Path.Combine(store.Find(key), ModelStore.ModelFileName), session =>
        {
            if (session.Inputs is not
                [{
                    ElementType: TensorElementType.Float or TensorElementType.Float16,
                    Dimensions: [<= 1, -1 or 3, <= MaxSide and var height, <= MaxSide and var width],
                }] || session.Outputs.Count is not (6 or 9 or 10 or 15))
            {
                throw key.Unusable("is no SCRFD detector: one float tensor of [1, 3, height, width] in, 6 or 9 out.");
            }

            return new ScrfdDetector(key, session, width > 0 ? width : FreeSide, height > 0 ? height : FreeSide);
        });

    /// <summary>Highest score first; boxes are rounded to whole pixels, half to even, and may reach out of the picture.</summary>
    /// <exception cref="InferenceException">No score is a number.</exception>
    public IReadOnlyList<Face> Detect(Bitmap bitmap, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        int length = 3 * _width * _height;
        using var tensor = new TensorBuffer(length);
        clock.Start(Stage.Preprocess);
        LetterboxPlan plan = Letterbox.Plan(bitmap.Width, bitmap.Height, _width, _height);
        SideBySide.RunRows(_height, band =>
            TensorWriter.WriteLetterboxed(bitmap, plan, s_table, new TensorPlanes(tensor.GetSpan(), _width, _height), band));
        clock.Start(Stage.Inference);
        return _session.RunAll(
            tensor.Memory, [1, 3, _height, _width],
            outputs =>
            {
                clock.Start(Stage.Postprocess);
                var found = ScrfdOutputs.Sort(_key, outputs, _width, _height);
                Face[] faces = found.Decode(
                    (float)(arguments.MinScore ?? DefaultMinScore), OverlapThreshold, (float)plan.Scale, out int leftOut);
                if (leftOut > 0)
                {
                    clock.LeftOut += leftOut;
                    if (found.SaysNothing)
                    {
                        throw InferenceException.NotFinite(_key);
                    }
                }

                return faces;
            },
            cancellation);
    }

    public void Dispose() => _session.Dispose();
}
