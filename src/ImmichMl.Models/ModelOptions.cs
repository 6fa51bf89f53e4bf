using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Models;

/// <summary>Where models are kept.</summary>
public sealed class ModelOptions
{
    /// <summary>Settings of this group take effect on reload too, not only at the start.</summary>
    public const string Live = "live";

    /// <summary>The folder of the model cache, laid out as Immich's own.</summary>
    [Display(Name = "MACHINE_LEARNING_CACHE_FOLDER", Description = "Folder of the model cache; an existing Immich cache works as it is")]
    [Required]
    public string CacheFolder { get; set; } =
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "immich_ml");

    /// <summary>Models lie in folders of their revision's name, unless it is main.</summary>
    [Display(
        Name = "MACHINE_LEARNING_MODEL_REVISION",
        Description = "Revision of the models, a branch, tag or commit of the hub's: main, or v2 for Immich's newer exports")]
    [RevisionName]
    public string Revision { get; set; } = ModelRevision.Main;

    [Display(
        Name = "MACHINE_LEARNING_DOWNLOAD", GroupName = Live,
        Description = "on: models of the catalogue that are asked for and not in the cache are fetched by immich-ml-fetch; off: never")]
    [OnOrOff]
    public string Download { get; set; } = "on";

    public bool MayDownload => OnOrOffAttribute.Read(Download) != false;

    [AttributeUsage(AttributeTargets.Property)]
    sealed class RevisionNameAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is string name && ModelRevision.IsValid(name);

        public override string FormatErrorMessage(string name) => $"{name} is not {ModelRevision.Rule}.";
    }

    /// <summary>By hand: a regular expression would bring its engine into the fetcher.</summary>
    [AttributeUsage(AttributeTargets.Property)]
    sealed class OnOrOffAttribute : ValidationAttribute
    {
        public static bool? Read(string word) => word.ToUpperInvariant() switch
        {
            "ON" or "TRUE" or "T" or "YES" or "Y" or "1" => true,
            "OFF" or "FALSE" or "F" or "NO" or "N" or "0" => false,
            _ => null,
        };

        public override bool IsValid(object? value) => value is string word && Read(word) is not null;

        public override string FormatErrorMessage(string name) => $"{name} is not on or off.";
    }
}
