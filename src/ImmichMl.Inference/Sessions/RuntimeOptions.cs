namespace ImmichMl.Inference.Sessions;

/// <summary>How many things run at once, and how ONNX Runtime is set up.</summary>
public sealed class RuntimeOptions
{
    /// <summary>Whose numbers come out (<see cref="ImmichRules"/>).</summary>
    [Display(Name = "MACHINE_LEARNING_RULES", Description = "Whose numbers come out: 3.3, today's Immich, or 2.7")]
    [AllowedValues(ImmichRules.Newer, ImmichRules.Older)]
    public string Rules { get; set; } = ImmichRules.Newer;

    /// <summary>Requests that are worked on at once, decoding included. Immich's documentation calls 0 and less "disabled".</summary>
    [Display(Name = "MACHINE_LEARNING_REQUEST_THREADS", Description = "Requests worked on at once (default, and 0 or less: cores)")]
    [Range(1, 1024)]
    public int RequestThreads { get; set => field = value > 0 ? value : Environment.ProcessorCount; } = Environment.ProcessorCount;

    /// <summary>Requests that may wait for a slot; one more is answered overloaded.</summary>
    [Display(Name = "MACHINE_LEARNING_QUEUE", Description = "Requests that may wait; one more is answered 'overloaded'")]
    [Range(1, 1_000_000)]
    public int Queue { get; set; } = 1024;

    /// <summary>Threads inside one operator of a model. 0 chooses: 2 on a CPU, never more than there are cores.</summary>
    [Display(Name = "MACHINE_LEARNING_MODEL_INTRA_OP_THREADS",
        Description = "Threads inside one model run; 0 or less chooses 2, or the cores if fewer")]
    [Range(0, 1024)]
    public int IntraOpThreads { get; set => field = Math.Max(0, value); }

    /// <summary>Operators of one model that run side by side. 0 chooses 1; more than 1 turns on parallel execution.</summary>
    [Display(Name = "MACHINE_LEARNING_MODEL_INTER_OP_THREADS",
        Description = "Operators of one model side by side; 0 or less chooses 1, more turns on parallel execution")]
    [Range(0, 1024)]
    public int InterOpThreads { get; set => field = Math.Max(0, value); }

    /// <summary>Keeps memory between runs in ONNX Runtime's arena.</summary>
    [Display(Name = "MACHINE_LEARNING_MODEL_ARENA", Description = "Keep memory between runs in ONNX Runtime's arena")]
    public bool Arena { get; set; } = true;

    /// <summary>Bytes that may lie free in the arena after a run; past it they go back, and the next run has to fetch them anew.</summary>
    [Display(Name = "MACHINE_LEARNING_MODEL_ARENA_KEEP",
        Description = "Bytes that may lie free in that arena between runs that need them (default: at most a quarter of the memory)")]
    [Range(0L, long.MaxValue)]
    public long ArenaKeep { get; set; } = 2L * 1024 * 1024 * 1024;

    /// <summary>Keeps an optimised copy of large models, with weights that are mapped, in the cache folder.</summary>
    [Display(Name = "MACHINE_LEARNING_PREPARE_MODELS",
        Description = "Keep an optimised copy of models over 16 MB, twice their size, in the cache folder: faster to load, almost no "
            + "memory")]
    public bool PrepareModels { get; set; } = true;

    /// <summary>Bytes that must stay free on the disk of the cache folder; else no copy is made.</summary>
    [Display(Name = "MACHINE_LEARNING_PREPARE_LEAVE_FREE",
        Description = "Bytes that must stay free on the cache folder's disk, else no such copy is made")]
    [Range(0L, long.MaxValue)]
    public long PrepareLeaveFree { get; set; } = 2_000_000_000;

    /// <summary>How long one picture may take to decode before it is answered image_too_large.</summary>
    [Display(Name = "MACHINE_LEARNING_DECODE_TIMEOUT", Description = "Seconds that decoding one picture may take")]
    [Range(0.001, 86_400)]
    public double DecodeTimeoutSeconds { get; set; } = 30;

    /// <summary>Decoded pixels that all requests together may hold; never less than one picture may have.</summary>
    [Display(Name = "MACHINE_LEARNING_PIXELS_IN_FLIGHT",
        Description = "Decoded pixels of all requests together, 4 bytes each; at least one picture's limit counts (default: at most "
            + "half of the memory)")]
    [Range(1L, 1_000_000_000_000L)]
    public long PixelsInFlight { get; set; } = 100_000_000;

    /// <summary>
    /// Bytes that decoding one picture may take; follows from the memory, unless a setting says how many pixels there may be.
    /// </summary>
    public long DecodeBytes { get; set; } = long.MaxValue;

    /// <summary>A prepared copy of a CLIP model takes one picture or text a run; not where runs are to be shared.</summary>
    public bool PinsBatch { get; set; } = true;

    /// <summary>
    /// Bytes of memory that can still be taken; whoever composes the daemon knows of control groups, the default does not.
    /// </summary>
    public Func<long> AvailableMemory { get; set; } = static () => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public int ChosenIntraOpThreads => IntraOpThreads > 0 ? IntraOpThreads : Math.Min(2, Environment.ProcessorCount);

    public int ChosenInterOpThreads => Math.Max(1, InterOpThreads);
}
