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

    /// <summary>Whether models of the catalogue that are not in the cache may be fetched.</summary>
    [Display(Name = "MACHINE_LEARNING_DOWNLOAD", Description = "on: models of the catalogue that are asked for and not in the cache are fetched by immich-ml-fetch; off: never", GroupName = "live")]
    [RegularExpression("(?i)on|off|true|false|t|f|yes|no|y|n|1|0", ErrorMessage = "{0} is not on or off.")]
    public string Download { get; set; } = "on";

    public bool MayDownload => Download.ToUpperInvariant() is not ("OFF" or "FALSE" or "F" or "NO" or "N" or "0");
}
