namespace ImmichMl.Inference.Preparation;

/// <summary>In which precision models run on the CPU, and what a copy of another one must reach.</summary>
public sealed class PrecisionOptions
{
    const string Setting = "MACHINE_LEARNING_PRECISION";

    [Display(
        Name = Setting,
        Description = "Precision of CLIP models on the CPU: fp32; int8, nearly the same numbers; int8-fast. Only copies that pass a trial "
            + "on this machine are used (README)")]
    [AllowedValues(
        Precision.PlainName, Precision.BlockwiseName, Precision.FastName, ErrorMessage = "{0} is not fp32, int8 or int8-fast.")]
    public string Name { get; set; } = Precision.PlainName;

    /// <summary>Of one kind of CLIP model.</summary>
    [Display(Name = Setting + "__")]
    [NameOrNothing]
    public PerKindSetting OfKind { get; } = new(
        Setting, kind => $"The same for {kind.Models} alone; empty: as the rest", kinds: ModelKind.All.Where(IsFor));

    /// <summary>Of the others.</summary>
    [Display(Name = Setting + "__")]
    [SingleOrNothing]
    public PerKindSetting OfOthers { get; } = new(
        Setting, kind => $"Always fp32 for {kind.Models}", kinds: ModelKind.All.Where(kind => !IsFor(kind)));

    [Display(
        Name = Setting + "_LEAST_MEAN",
        Description = "Mean cosine to fp32 that a copy must reach; what is less than the precision's own counts as that")]
    [Range(0d, 1d)]
    public double LeastMean { get; set; }

    [Display(Name = Setting + "_LEAST_P1", Description = "1st percentile of those cosines that a copy must reach, likewise")]
    [Range(0d, 1d)]
    public double LeastLow { get; set; }

    [Display(
        Name = Setting + "_LEAST_MIXED",
        Description = "Share of the ten nearest that must stay where a copy asks about embeddings of fp32, likewise")]
    [Range(0d, 1d)]
    public double LeastMixed { get; set; }

    [Display(
        Name = Setting + "_SAMPLES",
        Description = "Folder of pictures, and of texts (*.txt, one in a line), that copies are tried with beside those drawn for it; "
            + "empty: none")]
    public string Samples { get; set; } = "";

    /// <summary>What a model of a kind is to run in, with what is asked for by the settings.</summary>
    public Precision For(ModelKind kind)
    {
        Precision chosen = !IsFor(kind) ? Precision.Plain : Precision.Named(OfKind[kind] is { Length: > 0 } own ? own : Name);
        return chosen == Precision.Plain ? chosen : chosen with
        {
            LeastMean = Math.Max(chosen.LeastMean, LeastMean), LeastLow = Math.Max(chosen.LeastLow, LeastLow),
            LeastMixed = Math.Max(chosen.LeastMixed, LeastMixed),
        };
    }

    /// <summary>Convolutions gain next to nothing, and faces would cross the threshold.</summary>
    public static bool IsFor(ModelKind kind) => kind.Task == ModelKind.ClipVisual.Task;

    [AttributeUsage(AttributeTargets.Property)]
    sealed class NameOrNothingAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is string
            and ("" or Precision.PlainName or Precision.BlockwiseName or Precision.FastName);

        public override string FormatErrorMessage(string name) => $"{name} is not fp32, int8 or int8-fast.";
    }

    [AttributeUsage(AttributeTargets.Property)]
    sealed class SingleOrNothingAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is "" or Precision.PlainName;

        public override string FormatErrorMessage(string name) =>
            $"{name} can only be fp32: in int8 face and text models gain a twentieth, and some faces are no longer found.";
    }
}
