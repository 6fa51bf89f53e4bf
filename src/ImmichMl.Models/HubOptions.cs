using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Models;

/// <summary>
/// How models are fetched: Hugging Face's own variables and ours. The fetcher goes by them; the daemon and the command line hand them on,
/// since they may stand in a file that the fetcher does not read. Proxies are .NET's affair there.
/// </summary>
public sealed class HubOptions
{
    const string Live = ModelOptions.Live;

    [Display(
        Name = "IMMICH_ML_FETCH_SOCKET", GroupName = Live,
        Description = "Unix socket of a socket-activated immich-ml-fetch on the same cache; where it is not there, the program is started "
            + "as a child")]
    public string FetchSocket { get; set; } = "";

    [Display(Name = "HF_ENDPOINT", Description = "Address of the hub or of a mirror; empty: huggingface.co", GroupName = Live)]
    [HttpAddress]
    public string Endpoint { get; set; } = "";

    [Display(
        Name = "MACHINE_LEARNING_MODEL_ORGANIZATION", GroupName = Live,
        Description = "Whose models are fetched from the hub: immich-app or immich-testing")]
    [AllowedValues("immich-app", "immich-testing")]
    public string Organization { get; set; } = "immich-app";

    [Display(Name = "HF_TOKEN", Description = "Token for the hub; never shown here", GroupName = Live)]
    [DataType(DataType.Password)]
    public string Token { get; set; } = "";

    [Display(Name = "HF_HUB_OFFLINE", Description = "true: nothing is fetched", GroupName = Live)]
    public bool Offline { get; set; }

    [Display(
        Name = "HF_HUB_DOWNLOAD_TIMEOUT", GroupName = Live,
        Description = "Seconds without a byte after which a connection to the hub is given up")]
    [Range(0.1, 3600)]
    public double DownloadTimeoutSeconds { get; set; } = 30;

    [Display(
        Name = "MACHINE_LEARNING_OCR_ENDPOINT", GroupName = Live,
        Description = "Address of a mirror for OCR models, which are single files with known hashes; empty: their own")]
    [HttpAddress]
    public string OcrEndpoint { get; set; } = "";

    /// <summary>What an NPU or a Mali GPU runs in place of model.onnx.</summary>
    [Display(
        Name = "MACHINE_LEARNING_MODEL_VARIANTS", GroupName = Live,
        Description = "Files for other hardware to fetch along with a model, comma-separated: armnn, rk3566, rk3568, rk3576, rk3588")]
    public string ModelVariants { get; set; } = "";

    [Display(
        Name = "HTTPS_PROXY", GroupName = Live,
        Description = "Proxy on the way to the hub; never shown here, since it may hold a password")]
    [DataType(DataType.Password)]
    public string HttpsProxy { get; set; } = "";

    [Display(Name = "NO_PROXY", Description = "Hosts that are reached without the proxy", GroupName = Live)]
    public string NoProxy { get; set; } = "";

    [AttributeUsage(AttributeTargets.Property)]
    sealed class HttpAddressAttribute : ValidationAttribute
    {
        public override bool IsValid(object? value) => value is string { Length: 0 }
            || (Uri.TryCreate((string?)value, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https");

        public override string FormatErrorMessage(string name) => $"{name} is no http or https address.";
    }
}
