namespace ImmichMl.Inference.Devices;

/// <summary>What we know of ONNX Runtime's accelerators: their names, the best first, and the options that we set on each.</summary>
static class KnownProviders
{
    static readonly (string Word, string[] Names)[] s_best =
    [
        ("cuda", ["CUDAExecutionProvider", "CudaPluginExecutionProvider"]),
        ("tensorrt-rtx", ["NvTensorRTRTXExecutionProvider"]),
        ("tensorrt", ["TensorrtExecutionProvider"]),
        ("migraphx", ["MIGraphXExecutionProvider"]),
        ("rocm", ["ROCMExecutionProvider"]),
        ("openvino", ["OpenVINOExecutionProvider"]),
        ("coreml", ["CoreMLExecutionProvider"]),
        ("webgpu", ["WebGpuExecutionProvider"]),
    ];

    public static IEnumerable<string> NamesOf(string word) => s_best.Where(known => known.Word == word).SelectMany(known => known.Names);

    public static string? WordOf(string name) => s_best.FirstOrDefault(known => known.Names.Contains(name)).Word;

    /// <summary>Smaller is better; what is not known goes last, but before the CPU.</summary>
    public static int Rank(string word) => Array.FindIndex(s_best, known => known.Word == word) is var at and >= 0 ? at : s_best.Length;

    /// <summary>Batches of more than one gain nothing there, or are compiled anew.</summary>
    public static bool WantsSingles(string word) => word is "openvino" or "rknn" or "armnn";

    /// <summary>Ours first, then the manifest's, which win. Arenas grow by what is asked for; engines are kept in the cache.</summary>
    public static Dictionary<string, string> OptionsFor(ExecutionDevice device, ModelKey key, DeviceOptions options, string engines)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        switch (device.Provider)
        {
            case "cuda":
                all["arena_extend_strategy"] = "kSameAsRequested";
                LimitMemory(all, "gpu_mem_limit", options);
                if (UsesGraphs(device, key, options))
                {
                    all["enable_cuda_graph"] = "1";
                }

                break;
            case "rocm":
                all["arena_extend_strategy"] = "kSameAsRequested";
                LimitMemory(all, "gpu_mem_limit", options);
                break;
            case "tensorrt":
                all["trt_engine_cache_enable"] = "1";
                all["trt_engine_cache_path"] = engines;
                all["trt_timing_cache_enable"] = "1";
                all["trt_timing_cache_path"] = engines;
                LimitMemory(all, "trt_max_workspace_size", options);
                break;
            case "tensorrt-rtx":
                all["nv_runtime_cache_path"] = engines;
                LimitMemory(all, "nv_max_workspace_size", options);
                break;
            case "migraphx":
                all["migraphx_arena_extend_strategy"] = "kSameAsRequested";
                all["migraphx_model_cache_dir"] = engines;
                LimitMemory(all, "migraphx_mem_limit", options);
                if (IsHalf(options.RocmPrecision))
                {
                    all["migraphx_fp16_enable"] = "1";
                }

                break;
            case "openvino":
                all["precision"] = options.OpenVinoPrecision.ToUpperInvariant();
                all["cache_dir"] = engines;
                break;
            case "coreml":
                all["ModelFormat"] = "MLProgram";
                all["MLComputeUnits"] = "ALL";
                all["ModelCacheDirectory"] = engines;
                break;
        }

        foreach ((string name, string value) in device.Options)
        {
            all[name] = value;
        }

        return all;
    }

    /// <summary>Only what always comes in the same few shapes can be recorded.</summary>
    public static bool UsesGraphs(ExecutionDevice device, ModelKey key, DeviceOptions options) =>
        options.CudaGraphs && device.Provider == "cuda" && key.Kind.Task != ModelKind.TextDetection.Task;

    /// <summary>What is not single precision is told wherever the device is named.</summary>
    public static string PrecisionOf(string word, DeviceOptions options) => word switch
    {
        "openvino" when IsHalf(options.OpenVinoPrecision) => " fp16",
        "migraphx" when IsHalf(options.RocmPrecision) => " fp16",
        "armnn" when options.AnnFp16Turbo => " fp16",
        _ => "",
    };

    /// <summary>Messages by which a driver says that its device is gone. Lack of memory is not among them.</summary>
    public static bool TellsOfLoss(string message) => s_losses.Any(loss => message.Contains(loss, StringComparison.OrdinalIgnoreCase));

    static readonly string[] s_losses =
    [
        "device lost", "device_lost", "device is lost", "gpu is lost", "device removed", "cudaerrordevicesunavailable", "cuda failure 46",
        "cuda failure 100",
        "cuda failure 214", "cuda failure 700", "cuda failure 709", "cuda failure 710", "cuda failure 714", "cuda failure 715",
        "cuda failure 716", "cuda failure 717",
        "cuda failure 718", "cuda failure 719", "cuda failure 999", "cuda error: unspecified launch failure", "unspecified launch failure",
        "illegal memory access",
        "uncorrectable ecc error", "hiperrorillegaladdress", "hiperrorlaunchfailure", "hiperrornodevice", "cl_device_not_available",
    ];

    static bool IsHalf(string precision) => precision.Equals("FP16", StringComparison.OrdinalIgnoreCase);

    static void LimitMemory(Dictionary<string, string> all, string name, DeviceOptions options)
    {
        if (options.GpuMemoryLimit > 0)
        {
            all[name] = options.GpuMemoryLimit.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
