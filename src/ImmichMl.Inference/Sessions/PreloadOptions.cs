using System.ComponentModel.DataAnnotations;
using ImmichMl.Models;

namespace ImmichMl.Inference.Sessions;

/// <summary>Models to load and warm before the daemon says that it is ready: names, comma-separated.</summary>
public sealed class PreloadOptions
{
    [Display(Name = "MACHINE_LEARNING_PRELOAD__CLIP__TEXTUAL", Description = "CLIP text models to load at the start, comma-separated")]
    public string ClipTextual { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_PRELOAD__CLIP__VISUAL", Description = "CLIP image models to load at the start, comma-separated")]
    public string ClipVisual { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_PRELOAD__FACIAL_RECOGNITION__DETECTION", Description = "Face detectors to load at the start, comma-separated")]
    public string FaceDetection { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_PRELOAD__FACIAL_RECOGNITION__RECOGNITION", Description = "Face recognizers to load at the start, comma-separated")]
    public string FaceRecognition { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_PRELOAD__OCR__DETECTION", Description = "Text detectors to load at the start, comma-separated")]
    public string TextDetection { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_PRELOAD__OCR__RECOGNITION", Description = "Text recognizers to load at the start, comma-separated")]
    public string TextRecognition { get; set; } = "";

    /// <summary>The older name for both of CLIP's.</summary>
    [Display(Name = "MACHINE_LEARNING_PRELOAD__CLIP", Description = "Older name: CLIP text and image models to load at the start")]
    public string Clip { get; set; } = "";

    /// <summary>The older name for both of the faces'.</summary>
    [Display(Name = "MACHINE_LEARNING_PRELOAD__FACIAL_RECOGNITION", Description = "Older name: face detectors and recognizers to load at the start")]
    public string Faces { get; set; } = "";

    /// <summary>The older names that are in use.</summary>
    public IEnumerable<string> Outdated =>
        [.. Clip.Length > 0 ? ["MACHINE_LEARNING_PRELOAD__CLIP"] : Array.Empty<string>(), .. Faces.Length > 0 ? ["MACHINE_LEARNING_PRELOAD__FACIAL_RECOGNITION"] : Array.Empty<string>()];

    /// <summary>Kind and name of each, once.</summary>
    public IEnumerable<(ModelKind Kind, string Name)> Models => new[]
    {
        (ModelKind.ClipTextual, $"{ClipTextual},{Clip}"), (ModelKind.ClipVisual, $"{ClipVisual},{Clip}"),
        (ModelKind.FaceDetection, $"{FaceDetection},{Faces}"), (ModelKind.FaceRecognition, $"{FaceRecognition},{Faces}"),
        (ModelKind.TextDetection, TextDetection), (ModelKind.TextRecognition, TextRecognition),
    }.SelectMany(entry => entry.Item2.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(name => (entry.Item1, name))).Distinct();
}
