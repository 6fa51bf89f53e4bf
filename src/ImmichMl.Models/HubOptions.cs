using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Daemon;

/// <summary>How models are fetched. The daemon itself has no use for most of it: it hands it on to immich-ml-fetch.</summary>
public sealed class HubOptions
{
    /// <summary>The service's fetcher, which may reach the network where the daemon may not.</summary>
    [Display(Name = "IMMICH_ML_FETCH_SOCKET", Description = "Unix socket of a socket-activated immich-ml-fetch on the same cache; where it is not there, the program is started as a child", GroupName = Settings.Live)]
    public string FetchSocket { get; set; } = "";

    /// <summary>The hub or its mirror.</summary>
    [Display(Name = "HF_ENDPOINT", Description = "Address of the hub or of a mirror; empty: huggingface.co", GroupName = Settings.Live)]
    [RegularExpression("(?i)https?://.+")]
    public string Endpoint { get; set; } = "";

    /// <summary>For repositories that ask for one.</summary>
    [Display(Name = "HF_TOKEN", Description = "Token for the hub; never shown here", GroupName = Settings.Live)]
    [DataType(DataType.Password)]
    public string Token { get; set; } = "";

    /// <summary>Nothing is fetched.</summary>
    [Display(Name = "HF_HUB_OFFLINE", Description = "true: nothing is fetched", GroupName = Settings.Live)]
    public bool Offline { get; set; }

    /// <summary>Time without a byte.</summary>
    [Display(Name = "HF_HUB_DOWNLOAD_TIMEOUT", Description = "Seconds without a byte after which a connection to the hub is given up", GroupName = Settings.Live)]
    [Range(0.1, 3600)]
    public double DownloadTimeoutSeconds { get; set; } = 30;

    /// <summary>OCR models do not come from the hub.</summary>
    [Display(Name = "MACHINE_LEARNING_OCR_ENDPOINT", Description = "Address of a mirror for OCR models, which are single files with known hashes; empty: their own", GroupName = Settings.Live)]
    [RegularExpression("(?i)https?://.+")]
    public string OcrEndpoint { get; set; } = "";

    /// <summary>What an NPU or a Mali GPU runs in place of model.onnx.</summary>
    [Display(Name = "MACHINE_LEARNING_MODEL_VARIANTS", Description = "Files for other hardware to fetch along with a model, comma-separated: armnn, rk3566, rk3568, rk3576, rk3588", GroupName = Settings.Live)]
    public string ModelVariants { get; set; } = "";

    /// <summary>May hold a password.</summary>
    [Display(Name = "HTTPS_PROXY", Description = "Proxy on the way to the hub; never shown here, since it may hold a password", GroupName = Settings.Live)]
    [DataType(DataType.Password)]
    public string HttpsProxy { get; set; } = "";

    /// <summary>Hosts that are reached without it.</summary>
    [Display(Name = "NO_PROXY", Description = "Hosts that are reached without the proxy", GroupName = Settings.Live)]
    public string NoProxy { get; set; } = "";
}
