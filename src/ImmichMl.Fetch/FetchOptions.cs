using System.Globalization;

namespace ImmichMl.Fetch;

/// <summary>How the hub is reached: Hugging Face's own variables, and systemd's credential for the token. Proxies are .NET's affair, which reads HTTPS_PROXY, ALL_PROXY and NO_PROXY.</summary>
sealed record FetchOptions
{
    public required string CacheFolder { get; init; }

    public required Uri Endpoint { get; init; }

    /// <summary>Instead of modelscope.cn, for OCR.</summary>
    public Uri? OcrEndpoint { get; init; }

    public string? Token { get; init; }

    public bool IsOffline { get; init; }

    public bool IsForbidden { get; init; }

    /// <summary>Files for other hardware that are fetched along: armnn, rk3588 …</summary>
    public IReadOnlyList<string> Variants { get; init; } = [];

    /// <summary>Time without a byte after which a connection is given up.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A download that stays below this is worth less than asking again.</summary>
    public const double LeastBytesPerSecond = 1000;

    /// <summary>Time over which that speed is taken.</summary>
    public TimeSpan SpeedWindow { get; init; } = TimeSpan.FromSeconds(60);

    public static FetchOptions FromEnvironment(string cache) => new()
    {
        CacheFolder = cache,
        Endpoint = Address("HF_ENDPOINT") ?? new Uri("https://huggingface.co"),
        OcrEndpoint = Address("MACHINE_LEARNING_OCR_ENDPOINT"),
        Token = Environment.GetEnvironmentVariable("HF_TOKEN") is { Length: > 0 } token ? token.Trim() : Credential(),
        Variants = (Environment.GetEnvironmentVariable("MACHINE_LEARNING_MODEL_VARIANTS") ?? "").ToLowerInvariant()
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        IsOffline = IsSet("HF_HUB_OFFLINE"),
        IsForbidden = Environment.GetEnvironmentVariable("MACHINE_LEARNING_DOWNLOAD")?.Trim().ToUpperInvariant() is "OFF" or "0" or "FALSE" or "F" or "NO" or "N",
        Stall = Seconds("HF_HUB_DOWNLOAD_TIMEOUT", standard: 30, most: 3600),
    };

    /// <summary>systemd's LoadCredential: a file that only this service sees.</summary>
    static string? Credential()
    {
        string file = Path.Combine(Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") ?? "", "hf-token");
        return Path.IsPathRooted(file) && File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } token ? token : null;
    }

    static bool IsSet(string name) => Environment.GetEnvironmentVariable(name)?.Trim().ToUpperInvariant() is "1" or "ON" or "YES" or "Y" or "TRUE" or "T";

    /// <summary>A comma has no place in a number: 1,5 is neither 15 nor the standard.</summary>
    /// <exception cref="FetchException">It is no such number.</exception>
    internal static TimeSpan Seconds(string name, double standard, double most)
    {
        string? given = Environment.GetEnvironmentVariable(name);
        if (string.IsNullOrWhiteSpace(given))
        {
            return TimeSpan.FromSeconds(standard);
        }

        bool isNumber = double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds);
        return isNumber && seconds > 0 && seconds <= most
            ? TimeSpan.FromSeconds(seconds)
            : throw new FetchException(FetchFault.Operator, $"{name}={given} is not a number of seconds above 0, up to {most}, such as {standard}.");
    }

    static Uri? Address(string name)
    {
        if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 } value)
        {
            return null;
        }

        return Uri.TryCreate(value.TrimEnd('/'), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new FetchException(FetchFault.Operator, $"{name} is no http or https address.");
    }
}
