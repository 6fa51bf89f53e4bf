namespace ImmichMl.Inference.Devices;

/// <summary>Where models run: which accelerator, which of its devices, which model on which.</summary>
public sealed class DeviceOptions
{
    /// <summary>Where packages of accelerators put their manifests.</summary>
    public const string SystemProviders = "/usr/lib/immich-ml/providers.d";

    /// <summary>The names of the settings that place one kind of model.</summary>
    public static IEnumerable<string> Placements => new DeviceOptions().Placement.Keys;

    [Display(
        Name = "MACHINE_LEARNING_PROVIDER",
        Description = "Accelerator that must be there (cpu, cuda, tensorrt, tensorrt-rtx, migraphx, openvino, coreml, webgpu, "
            + "rknn, armnn, or a manifest's); empty: the best that is there, else the CPU")]
    public string Provider { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_PROVIDERS_DIR",
        Description = "Folder of further manifests of accelerators, before " + SystemProviders)]
    public string ProvidersDir { get; set; } = "";

    [Display(
        Name = "MACHINE_LEARNING_ONNXRUNTIME_DIR",
        Description = "Folder of another build of ONNX Runtime, used in place of the one beside the program")]
    public string OnnxRuntimeDir { get; set; } = "";

    /// <summary>Numbers in the order in which the accelerator lists its devices.</summary>
    [Display(
        Name = "MACHINE_LEARNING_DEVICE_IDS",
        Description = "Devices of the accelerator to use, comma-separated; a model is loaded on each and a request goes to the least busy")]
    [Numbers]
    public string DeviceIds { get; set; } = "0";

    /// <summary>Where the models of a task or of one kind run: the kind's goes before the task's.</summary>
    [Display(Name = "MACHINE_LEARNING_PLACEMENT")]
    [Place]
    public PerKindSetting Placement { get; } = new(
        "MACHINE_LEARNING_PLACEMENT", kind => $"The same for {kind.Work} alone",
        task => task == ModelKind.ClipVisual.Task
            ? "Where CLIP's models run: cpu, an accelerator (cuda), one of its devices (cuda:1), or a device's number; empty: as the rest"
            : $"The same for {(task == ModelKind.FaceDetection.Task ? "face models" : "text in pictures")}");

    [Display(
        Name = "MACHINE_LEARNING_GPU_MEMORY_LIMIT",
        Description = "Bytes that one model's arena may take on a GPU (CUDA, TensorRT, MIGraphX); 0: no limit of ours")]
    [Range(0L, long.MaxValue)]
    public long GpuMemoryLimit { get; set; }

    [Display(
        Name = "MACHINE_LEARNING_GPU_SHARED_ARENA",
        Description = "Let all models on a device of a plug-in provider share one allocator in place of one each")]
    public bool GpuSharedArena { get; set; }

    [Display(
        Name = "MACHINE_LEARNING_CUDA_GRAPHS",
        Description = "Record and replay the runs of models with fixed shapes (CLIP, faces) on CUDA")]
    public bool CudaGraphs { get; set; }

    [Display(
        Name = "MACHINE_LEARNING_OPENVINO_PRECISION",
        Description = "Precision that OpenVINO calculates in (FP32, FP16, ACCURACY); FP16 changes embeddings: see 'immich-ml parity'")]
    [AllowedValues("FP32", "FP16", "ACCURACY", "fp32", "fp16", "accuracy", ErrorMessage = "{0} is not FP32, FP16 or ACCURACY.")]
    public string OpenVinoPrecision { get; set; } = "FP32";

    [Display(
        Name = "MACHINE_LEARNING_ROCM_PRECISION",
        Description = "Precision that MIGraphX calculates in (FP32, FP16); FP16 changes embeddings: see 'immich-ml parity'")]
    [AllowedValues("FP32", "FP16", "fp32", "fp16", ErrorMessage = "{0} is not FP32 or FP16.")]
    public string RocmPrecision { get; set; } = "FP32";

    [Display(Name = "MACHINE_LEARNING_RKNN", Description = "Use a Rockchip NPU where there is one and the model has a file for it")]
    public bool Rknn { get; set; } = true;

    [Display(Name = "MACHINE_LEARNING_RKNN_THREADS", Description = "Contexts of a model on the NPU, and so runs side by side")]
    [Range(1, 16)]
    public int RknnThreads { get; set; } = 1;

    [Display(
        Name = "MACHINE_LEARNING_RKNN_CORES",
        Description = "Cores of an RK3576 or RK3588 that a run may use: auto, 0, 1, 2, 0-1, 0-2 or all")]
    [AllowedValues("auto", "0", "1", "2", "0-1", "0-2", "all", ErrorMessage = "{0} is not auto, 0, 1, 2, 0-1, 0-2 or all.")]
    public string RknnCores { get; set; } = "auto";

    /// <summary>A container may not see the device tree.</summary>
    [Display(
        Name = "MACHINE_LEARNING_RKNN_SOC",
        Description = "Rockchip chip (rk3566, rk3568, rk3576, rk3588); empty: read from /proc/device-tree/compatible")]
    [AllowedValues("", "rk3566", "rk3568", "rk3576", "rk3588", ErrorMessage = "{0} is not rk3566, rk3568, rk3576 or rk3588.")]
    public string RknnSoc { get; set; } = "";

    [Display(
        Name = "MACHINE_LEARNING_ANN",
        Description = "Use a Mali GPU through ARM NN where both libraries are there and the model has a file for it")]
    public bool Ann { get; set; } = true;

    [Display(Name = "MACHINE_LEARNING_ANN_FP16_TURBO", Description = "Let ARM NN calculate in half precision; changes embeddings")]
    public bool AnnFp16Turbo { get; set; }

    [Display(
        Name = "MACHINE_LEARNING_ANN_TUNING_LEVEL",
        Description = "How long ARM NN may tune a model at its first load: 1 rapid, 2 normal, 3 exhaustive, 0 only use what is tuned")]
    [Range(0, 3)]
    public int AnnTuningLevel { get; set; } = 2;

    /// <summary>What the user said about a kind of model, and by which setting; empty where nothing was said.</summary>
    internal (string Wish, string Setting) PlacementOf(ModelKind kind)
    {
        string own = Placement[kind], ofTask = Placement.NameOf(kind.Task);
        return own.Length > 0 ? (own, Placement.NameOf(kind)) : (Placement[ofTask].Text, ofTask);
    }

    /// <summary>Some kind of model is to run on an accelerator, whatever the rest does.</summary>
    internal bool PlacesAnything =>
        ModelKind.All.Any(kind => PlacementOf(kind).Wish is { Length: > 0 } wish && wish != ExecutionDevice.CpuProvider);

    internal int RknnCoreMask => RknnCores switch { "0" => 1, "1" => 2, "2" => 4, "0-1" => 3, "0-2" => 7, "all" => 0xffff, _ => 0 };

    /// <summary>Where manifests may lie: the setting's, beside the program, and where packages put them.</summary>
    internal IEnumerable<string> ManifestFolders =>
        ((string[])[ProvidersDir, Path.Combine(AppContext.BaseDirectory, "providers.d"), SystemProviders])
            .Where(folder => folder.Length > 0).Distinct();

    internal IReadOnlyList<int> Ids => [.. DeviceIds.Split(',').Select(id => int.Parse(id, CultureInfo.InvariantCulture)).Distinct()];

    [AttributeUsage(AttributeTargets.Property)]
    sealed class NumbersAttribute : ValidationAttribute
    {
        const NumberStyles Style = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;

        public override bool IsValid(object? value) =>
            value is string text && text.Split(',').All(id => ushort.TryParse(id, Style, CultureInfo.InvariantCulture, out _));

        public override string FormatErrorMessage(string name) => $"{name} takes numbers of devices, comma-separated.";
    }

    [AttributeUsage(AttributeTargets.Property)]
    sealed class PlaceAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is string text && (text.Length == 0 || Place.TryParse(text, out _));

        public override string FormatErrorMessage(string name) =>
            $"{name} takes cpu, an accelerator (cuda), one of its devices (cuda:1), or a device's number (1).";
    }
}

/// <summary>Where a model is to run, as a user writes it: cuda, cuda:1 or 1.</summary>
readonly record struct Place(string? Provider, int? Id)
{
    public static bool TryParse(string text, out Place place)
    {
        string[] parts = text.Trim().ToLowerInvariant().Split(':');
        place = default;
        if (parts.Length > 2 || !parts.All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
        {
            return false;
        }

        bool isNumber = ushort.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort id);
        place = parts.Length == 2 ? new Place(parts[0], id) : isNumber ? new Place(null, id) : new Place(parts[0], null);
        return parts.Length == 1 || isNumber;
    }

    public bool Fits(ExecutionDevice device) => (Provider is null || device.Provider == Provider) && (Id is null || device.Id == Id);
}
