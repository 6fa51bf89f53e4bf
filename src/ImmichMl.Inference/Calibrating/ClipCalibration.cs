using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Preparation;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Calibrating;

/// <summary>
/// Shows a CLIP model pictures or texts through its own encoder, as requests do: drawn ones, and what the operator gives.
/// </summary>
/// <param name="store">Where models lie.</param>
/// <param name="rules">By which pictures are resized.</param>
/// <param name="samples">A folder of pictures, and of texts in files; empty: none.</param>
public sealed class ClipCalibration(ModelStore store, ImmichRules rules, string samples)
{
    /// <summary>Inputs that are drawn or written here.</summary>
    const int Drawn = 64;

    /// <summary>Of each kind that the operator gives.</summary>
    const int MostGiven = 256;

    const long MostFileBytes = 64 << 20;

    readonly Lazy<Bitmap[]> _drawn = new(() => [.. Enumerable.Range(0, Drawn).Select(DrawnPictures.Draw)]);

    /// <returns>Null for models that are none of CLIP's.</returns>
    public Calibration? For(ModelKey key) => key.Kind == ModelKind.ClipVisual ? (session, most) => ShowPictures(key, session, most)
        : key.Kind == ModelKind.ClipTextual ? (session, most) => ShowTexts(key, session, most)
        : null;

    List<float[]> ShowPictures(ModelKey key, ModelSession session, int most)
    {
        var encoder = ClipVisualEncoder.Over(key, store.Find(key), session, rules.Clip);
        return [.. GivenPictures().Concat(_drawn.Value).Take(most).Select(
            picture => encoder.Encode(picture, new StageClock(TimeProvider.System), CancellationToken.None))];
    }

    List<float[]> ShowTexts(ModelKey key, ModelSession session, int most)
    {
        var options = new ClipOptions { TextCache = 0 };
        using var encoder = ClipTextualEncoder.Over(key, store.Find(key), new BorrowedSession(session), options, _ => { });
        return [.. Texts().Take(most).Select(
            text => encoder.Encode(text, null, new StageClock(TimeProvider.System), CancellationToken.None))];
    }

    /// <summary>They come first, so that where few are shown these are. One at a time is held.</summary>
    IEnumerable<Bitmap> GivenPictures()
    {
        foreach (string path in Given().Where(path => !IsText(path)))
        {
            using Bitmap? picture = TryDecode(path);
            if (picture is not null)
            {
                yield return picture;
            }
        }
    }

    IEnumerable<string> Texts() => Given().Where(IsText).SelectMany(LinesOf).Where(line => line.Trim().Length > 0).Take(MostGiven)
        .Concat(Enumerable.Range(0, Drawn).Select(WrittenTexts.Write)).Distinct();

    IEnumerable<string> Given() => samples.Length == 0 ? []
        : Directory.EnumerateFiles(samples).Order(StringComparer.Ordinal).Take(MostGiven);

    static bool IsText(string path) => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);

    static string[] LinesOf(string path) => new FileInfo(path).Length <= MostFileBytes ? File.ReadAllLines(path) : [];

    /// <returns>Null for what is no picture.</returns>
    static Bitmap? TryDecode(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MostFileBytes && File.ReadAllBytes(path) is var bytes
                ? ImageDecoder.Decode(bytes, ImageHeader.Read(bytes, new ImageLimits())) : null;
        }
        catch (ImageException)
        {
            return null;
        }
    }

    /// <summary>Somebody else's, which the encoder does not dispose of.</summary>
    sealed class BorrowedSession(ModelSession session) : ModelSession
    {
        public override IReadOnlyList<TensorInfo> Inputs => session.Inputs;

        public override IReadOnlyList<TensorInfo> Outputs => session.Outputs;

        public override IReadOnlyDictionary<string, string> Metadata => session.Metadata;

        internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation) =>
            session.Run(feed, all, read, cancellation);

        public override void Dispose()
        {
        }
    }
}
