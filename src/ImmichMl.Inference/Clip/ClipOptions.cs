namespace ImmichMl.Inference.Clip;

/// <summary>Settings of CLIP.</summary>
public sealed class ClipOptions
{
    /// <summary>Embeddings of the latest queries that each text model keeps; 0 keeps none.</summary>
    [Display(Name = "MACHINE_LEARNING_TEXT_CACHE", Description = "Latest queries whose embeddings a text model keeps; 0: none")]
    [Range(0, 100_000)]
    public int TextCache { get; set; } = 64;

    /// <summary>Pictures or texts in one run of a model whose first axis is free; 1: each has a run of its own.</summary>
    [Display(Name = "MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP",
        Description = "Pictures or texts in one run of a CLIP model whose first axis is free; 1: each alone")]
    [Range(1, 256)]
    public int MaxBatch { get; set; } = 1;

    /// <summary>How long the first of a run waits for others. Those that come while a run is on share the next one anyway.</summary>
    [Display(Name = "MACHINE_LEARNING_BATCH_WAIT_MS",
        Description = "Milliseconds that such a run waits for more; those that come while another is on share the next one anyway")]
    [Range(0d, 10_000d)]
    public double BatchWaitMilliseconds { get; set; }
}
