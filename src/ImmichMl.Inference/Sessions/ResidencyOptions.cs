namespace ImmichMl.Inference.Sessions;

/// <summary>Which models stay in memory, which are there from the start, and how long the rest may lie idle.</summary>
public sealed class ResidencyOptions
{
    const string Live = ModelOptions.Live;
    const string Auto = "auto";
    const string Off = "off";
    const string Firm = "firm";

    /// <summary>Seconds that a model may lie idle before it is unloaded; 0 or less: it stays.</summary>
    [Display(
        Name = "MACHINE_LEARNING_MODEL_TTL", GroupName = Live,
        Description = "Seconds that a model may lie idle before it is unloaded; 0 or less: it stays")]
    [Range(-1_000_000_000d, 1_000_000_000d)]
    public double ModelTtlSeconds { get; set; } = 300;

    /// <summary>Seconds between two looks for idle models; 0 or less: no look.</summary>
    [Display(
        Name = "MACHINE_LEARNING_MODEL_TTL_POLL_S",
        Description = "Seconds between two looks for idle models; 0 or less: none is unloaded for being idle")]
    [Range(-1_000_000d, 1_000_000d)]
    public double PollSeconds { get; set; } = 10;

    /// <summary>Seconds of one kind.</summary>
    [Display(Name = "MACHINE_LEARNING_MODEL_TTL__", GroupName = Live)]
    [SecondsOrNothing]
    public PerKindSetting KindTtl { get; } = new("MACHINE_LEARNING_MODEL_TTL", kind => $"MODEL_TTL of {kind.Models}; empty: MODEL_TTL");

    /// <summary>Resident anonymous bytes past which the models that were used longest ago are unloaded; 0: no limit.</summary>
    [Display(
        Name = "MACHINE_LEARNING_MEMORY_LIMIT", GroupName = Live,
        Description = "Bytes of the daemon's own memory past which idle models are unloaded, the least recently used first; 0: no limit; "
            + "auto: none with 6 GB and more, half of the memory with less, where other limits that are not set follow from it too")]
    [BytesOrAuto]
    public string MemoryLimit { get; set; } = Auto;

    /// <summary>The same as a number, 0 for no limit.</summary>
    public long MemoryLimitBytes => IsAuto ? PlannedLimit : long.Parse(MemoryLimit, NumberStyles.AllowTrailingWhite
        | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);

    /// <summary>What auto stands for here, in bytes.</summary>
    public long PlannedLimit { get; set; }

    public bool IsAuto => MemoryLimit.Trim() == Auto;

    /// <summary>How early memory goes back where the machine or a control group is short of it: off, gentle or firm.</summary>
    [Display(
        Name = "MACHINE_LEARNING_MEMORY_PRESSURE",
        Description = "Where the machine or a control group runs short of memory, caches are dropped, idle models unloaded, and fewer "
            + "requests and pixels worked on at once, until it is over: gentle, firm (earlier and more at once) or off")]
    [AllowedValues(Off, "gentle", Firm, ErrorMessage = "{0} is not off, gentle or firm.")]
    public string MemoryPressure { get; set; } = "gentle";

    public bool HeedsPressure => MemoryPressure != Off;

    public bool IsFirm => MemoryPressure == Firm;

    /// <summary>Seconds without a request and without a loaded model after which the daemon ends; 0: never.</summary>
    [Display(
        Name = "MACHINE_LEARNING_EXIT_ON_IDLE",
        Description = "Seconds without an open request and without a loaded model after which the daemon ends (for socket "
            + "activation); 0: never")]
    [Range(0d, 1_000_000_000d)]
    public double ExitOnIdleSeconds { get; set; }

    public TimeSpan? TtlOf(ModelKind kind)
    {
        string own = KindTtl[kind];
        double seconds = own.Length == 0 ? ModelTtlSeconds : double.Parse(own, NumberStyles.Float, CultureInfo.InvariantCulture);
        return seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;
    }

    [AttributeUsage(AttributeTargets.Property)]
    sealed class BytesOrAutoAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is string text && (text.Trim() == Auto
            || (long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes >= 0));

        public override string FormatErrorMessage(string name) =>
            $"{name} is neither auto nor a whole number of bytes, such as 2000000000.";
    }

    [AttributeUsage(AttributeTargets.Property)]
    sealed class SecondsOrNothingAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is string { Length: 0 }
            || (double.TryParse((string?)value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
                && Math.Abs(seconds) <= 1e9);

        public override string FormatErrorMessage(string name) => $"{name} is not a number of seconds, such as 300 or 1.5.";
    }
}
