using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Models;

/// <summary>Where models are kept.</summary>
public sealed class ModelOptions
{
    /// <summary>The folder of the model cache, laid out as Immich's own.</summary>
    [Display(Name = "MACHINE_LEARNING_CACHE_FOLDER", Description = "Folder of the model cache; an existing Immich cache works as it is")]
    [Required]
    public string CacheFolder { get; set; } =
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "immich_ml");
}
