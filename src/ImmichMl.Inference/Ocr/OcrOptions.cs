namespace ImmichMl.Inference.Ocr;

/// <summary>How text is found and read.</summary>
public sealed class OcrOptions
{
    public const string Exact = "exact";
    public const string Bucketed = "bucketed";

    /// <summary>Lines in one run of the recognizer. 0 chooses 6.</summary>
    [Display(Name = "MACHINE_LEARNING_MAX_BATCH_SIZE__OCR", Description = "Text lines in one run of the recognizer; 0 chooses 6")]
    [Range(0, 1024)]
    public int MaxBatchSize { get; set => field = Math.Max(0, value); }

    /// <summary>The older name of the same; <see cref="MaxBatchSize"/> goes first.</summary>
    [Display(Name = "MACHINE_LEARNING_MAX_BATCH_SIZE__TEXT_RECOGNITION",
        Description = "Older name of MACHINE_LEARNING_MAX_BATCH_SIZE__OCR, which goes first")]
    [Range(0, 1024)]
    public int OlderMaxBatchSize { get; set => field = Math.Max(0, value); }

    /// <summary>
    /// Exact: the original's shapes and numbers. Bucketed: padded to few sizes, for hardware that compiles for each shape.
    /// </summary>
    [Display(Name = "MACHINE_LEARNING_OCR_SHAPES",
        Description = "exact: the original's tensor shapes; bucketed: padded to few sizes, for hardware that compiles for each")]
    [AllowedValues(Exact, Bucketed)]
    public string Shapes { get; set; } = Exact;

    /// <summary>What the detector sees of one picture at most; a larger one is made smaller first. Each takes 190 bytes.</summary>
    [Display(Name = "MACHINE_LEARNING_OCR_MAX_PIXELS",
        Description = "Pixels that the text detector sees of one picture at most (default: fewer where memory is short)")]
    [Range(1024, 1_000_000_000)]
    public int MaxPixels { get; set; } = 8_388_608;

    public bool IsBucketed => Shapes == Bucketed;

    public int ChosenBatchSize => MaxBatchSize > 0 ? MaxBatchSize : OlderMaxBatchSize > 0 ? OlderMaxBatchSize : 6;
}
