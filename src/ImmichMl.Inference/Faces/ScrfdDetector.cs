using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Faces;

/// <summary>
/// Picture to faces with SCRFD: letterbox at the top left of a black canvas, (v − 127.5) / 128 where the graph does not scale by itself,
/// run, decode, non-maximum suppression. Where that finds nobody the picture may be looked at again in other ways.
/// </summary>
public sealed class ScrfdDetector : IDisposable
{
    public const double DefaultMinScore = 0.7;

    const int FreeSide = 640;
    const int MaxSide = 4096;
    const float OverlapThreshold = 0.4f;

    static readonly PixelLayout s_format = new(StandardizeTable.OnBytes(127.5f, 128));

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly PictureInput _input;
    readonly FaceRules _rules;
    readonly IReadOnlyList<FaceLook[]> _furtherLooks;
    readonly int _width;
    readonly int _height;

    ScrfdDetector(ModelKey key, ModelSession session, PictureInput input, FaceOptions options, FaceRules rules)
    {
        _key = key;
        _session = session;
        _input = input;
        _rules = rules;
        _furtherLooks = FaceLook.Rounds(options.Retry);
        _width = input.Width > 0 ? input.Width : FreeSide;
        _height = input.Height > 0 ? input.Height : FreeSide;
    }

    /// <exception cref="ModelException">The model is missing or is no face detector.</exception>
    public static ScrfdDetector Load(ModelKey key, ModelStore store, SessionFactory sessions, FaceOptions options, FaceRules rules) =>
        sessions.Load(
            key, Path.Combine(store.Find(key), ModelStore.ModelFileName), session =>
                PictureInput.Of(session) is { Batch: <= 1, Height: <= MaxSide, Width: <= MaxSide } input
                    && session.Outputs.Count is 6 or 9 or 10 or 15
                    ? new ScrfdDetector(key, session, input, options, rules)
                    : throw key.Unusable($"is no SCRFD detector: {PictureInput.Expected} in, 6 or 9 out."));

    /// <summary>Highest score first; boxes are rounded to whole pixels, half to even, and may reach out of the picture.</summary>
    /// <exception cref="InferenceException">No score is a number.</exception>
    public IReadOnlyList<Face> Detect(Bitmap bitmap, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        using var tensor = new PictureTensor(_input, s_format, 1, _width, _height);
        clock.Start(Stage.Preprocess);
        LetterboxPlan plan = Letterbox.Plan(bitmap.Width, bitmap.Height, _width, _height, _rules.Letterbox);
        SideBySide.RunRows(_height, band => tensor.WriteLetterboxed(bitmap, plan, band));
        Face[] faces = Run(tensor, plan.Scale, arguments, clock, cancellation);
        for (int round = 0; faces.Length == 0 && round < _furtherLooks.Count; round++)
        {
            faces = _furtherLooks[round].Select(look => Look(look, bitmap, tensor, arguments, clock, cancellation))
                .MaxBy(found => found is [var best, ..] ? best.Score : 0)!;
        }

        return faces;
    }

    Face[] Look(
        FaceLook look, Bitmap bitmap, PictureTensor tensor, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        clock.Start(Stage.Preprocess);
        FaceLook.Seen seen = look.See(bitmap, _width, _height, _rules.Letterbox);
        using (seen.Canvas)
        {
            tensor.Write(0, seen.Canvas);
        }

        Face[] found = Run(tensor, seen.Scale, arguments, clock, cancellation);
        return Array.ConvertAll(found, face => look.Back(face, seen, bitmap));
    }

    /// <summary>In pixels of the picture that the tensor holds at its top left.</summary>
    Face[] Run(PictureTensor tensor, double scale, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        clock.Start(Stage.Inference);
        return _session.Run(
            tensor.Feed,
            all: true,
            outputs =>
            {
                clock.Start(Stage.Postprocess);
                var found = ScrfdOutputs.Sort(_key, outputs, _width, _height);
                Face[] faces = found.Decode(
                    (float)(arguments.MinScore ?? DefaultMinScore), OverlapThreshold, _rules.Overlap, (float)scale, out int leftOut);
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
