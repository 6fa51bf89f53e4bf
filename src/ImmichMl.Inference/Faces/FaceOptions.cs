namespace ImmichMl.Inference.Faces;

/// <summary>How faces are found and recognized.</summary>
public sealed class FaceOptions
{
    public const string Off = "off";
    public const string Turned = "turned";
    public const string Padded = "padded";
    public const string Both = "both";

    /// <summary>Faces in one run of the recognizer. 0: as many as the largest batch takes.</summary>
    [Display(Name = "MACHINE_LEARNING_MAX_BATCH_SIZE__FACIAL_RECOGNITION",
        Description = "Faces in one run of the recognizer; 0: no limit but the largest batch, 16")]
    [Range(0, 1024)]
    public int MaxBatchSize { get; set => field = Math.Max(0, value); }

    /// <summary>How a picture is looked at again on which nobody was found. The original never does.</summary>
    [Display(Name = "MACHINE_LEARNING_FACE_RETRY",
        Description = "A further look where no face is found: off; turned (on its sides and its head); padded (with a border); both")]
    [AllowedValues(Off, Turned, Padded, Both)]
    public string Retry { get; set; } = Off;
}
