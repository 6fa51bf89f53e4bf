namespace ImmichMl.Inference.Faces;

/// <summary>How faces are recognized.</summary>
public sealed class FaceOptions
{
    /// <summary>Faces in one run of the recognizer. 0: as many as the largest batch takes.</summary>
    [Display(Name = "MACHINE_LEARNING_MAX_BATCH_SIZE__FACIAL_RECOGNITION",
        Description = "Faces in one run of the recognizer; 0: no limit but the largest batch, 16")]
    [Range(0, 1024)]
    public int MaxBatchSize { get; set => field = Math.Max(0, value); }
}
