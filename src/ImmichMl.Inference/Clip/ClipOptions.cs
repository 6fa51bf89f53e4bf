using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Inference.Clip;

/// <summary>Settings of CLIP's text side.</summary>
public sealed class ClipOptions
{
    /// <summary>Embeddings of the latest queries that each text model keeps; 0 keeps none.</summary>
    [Display(Name = "MACHINE_LEARNING_TEXT_CACHE", Description = "Latest queries whose embeddings a text model keeps; 0: none")]
    [Range(0, 100_000)]
    public int TextCache { get; set; } = 64;
}
