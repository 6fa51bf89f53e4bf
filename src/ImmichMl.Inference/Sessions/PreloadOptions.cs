namespace ImmichMl.Inference.Sessions;

/// <summary>Models to load and warm before the daemon says that it is ready: names, comma-separated.</summary>
public sealed class PreloadOptions
{
    const string Prefix = "MACHINE_LEARNING_PRELOAD";
    const string OldClip = Prefix + "__CLIP", OldFaces = Prefix + "__FACIAL_RECOGNITION";

    /// <summary>Models for queries come first: somebody waits for those.</summary>
    [Display(Name = Prefix)]
    public PerKindSetting Own { get; } = new(
        Prefix, kind => $"{char.ToUpperInvariant(kind.Models[0])}{kind.Models[1..]} to load at the start, comma-separated",
        kinds: ModelKind.All.OrderBy(kind => kind != ModelKind.ClipTextual));

    /// <summary>Pixels, as a request's maxResolution.</summary>
    [Display(Name = Prefix + "__OCR__MAX_RESOLUTION", Description = "maxResolution that text detectors are warmed with at the start")]
    [Range(0, 65_535)]
    public int OcrMaxResolution { get; set => field = Math.Max(0, value); } = 736;

    [Display(Name = OldClip, Description = "Older name: CLIP text and image models to load at the start")]
    public string Clip { get; set; } = "";

    [Display(Name = OldFaces, Description = "Older name: face detectors and recognizers to load at the start")]
    public string Faces { get; set; } = "";

    /// <summary>The older names that are in use.</summary>
    public IEnumerable<string> Outdated =>
        new[] { (OldClip, Clip), (OldFaces, Faces) }.Where(older => older.Item2.Length > 0).Select(older => older.Item1);

    /// <summary>Kind and name of each, once.</summary>
    public IEnumerable<(ModelKind Kind, string Name)> Models => ModelKind.All.OrderBy(kind => kind != ModelKind.ClipTextual)
        .SelectMany(kind => $"{Own[kind]},{OlderOf(kind)}"
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name => (kind, name))).Distinct();

    string OlderOf(ModelKind kind) =>
        kind.Task == ModelKind.ClipVisual.Task ? Clip : kind.Task == ModelKind.FaceDetection.Task ? Faces : "";
}
