using System.Security.Cryptography;

namespace ImmichMl.Gateway;

/// <summary>The key that callers must give, if one is set: as Bearer, as x-api-key, or, from a browser, as Basic's password.</summary>
sealed class Access
{
    const string Hidden = "/…";

    static readonly object s_given = new();

    readonly byte[]? _key;
    readonly bool _inPath;

    Access(string key, bool inPath) => (_key, _inPath) = (key.Length > 0 ? Hash(key) : null, inPath && key.Length > 0);

    public bool IsOpen => _key is null;

    /// <exception cref="OperatorException">The key's file cannot be read or is empty.</exception>
    public static Access Read(GatewayOptions options)
    {
        string credential = Path.Combine(Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") ?? "", "api-key");
        return options.ApiKey.Length > 0 ? new Access(options.ApiKey, options.ApiKeyInPath)
            : options.ApiKeyFile.Length > 0 ? new Access(ReadFile(options.ApiKeyFile), options.ApiKeyInPath)
            : Path.IsPathRooted(credential) && File.Exists(credential) ? new Access(ReadFile(credential), options.ApiKeyInPath)
            : new Access("", inPath: false);
    }

    static string ReadFile(string path)
    {
        try
        {
            string key = File.ReadAllText(path).Trim();
            return key.Length > 0 ? key : throw new OperatorException($"{path} holds no key.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The key in {path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Takes the key off the path, where it may stand there: <c>/KEY/predict</c> is <c>/predict</c> from here on.</summary>
    /// <returns>The path that is left, for the log too: what may hold a key that is not quite right is not shown.</returns>
    public string TakeKey(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        if (!_inPath || path.Length < 2 || Endpoints.IsKnown(path))
        {
            return path;
        }

        int end = path.IndexOf('/', 1) is > 0 and var slash ? slash : path.Length;
        string rest = end < path.Length ? path[end..] : "/";
        if (!CryptographicOperations.FixedTimeEquals(Hash(path[1..end]), _key))
        {
            return Hidden;
        }

        context.Items[s_given] = true;
        context.Request.PathBase = path[..end];
        context.Request.Path = rest;
        return Endpoints.IsKnown(rest) ? rest : Hidden;
    }

    /// <exception cref="HttpFault">The key is missing or wrong.</exception>
    public void Check(HttpContext context)
    {
        if (_key is null || context.Items.ContainsKey(s_given)
            || Given(context.Request).Any(given => CryptographicOperations.FixedTimeEquals(Hash(given), _key)))
        {
            return;
        }

        // A browser asks its user only for Basic; programs shall see what they are meant to send.
        context.Response.Headers.WWWAuthenticate = context.Request.Path == "/status" ? "Basic realm=\"immich-ml\"" : "Bearer";
        throw new HttpFault(401, "unauthorized", "A valid API key is required.");
    }

    static IEnumerable<string> Given(HttpRequest request)
    {
        foreach (string? key in request.Headers["x-api-key"])
        {
            yield return key ?? "";
        }

        foreach (string? value in request.Headers.Authorization)
        {
            if (value?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true)
            {
                yield return value["Bearer ".Length..].Trim();
            }
            else if (value?.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) == true
                && Password(value["Basic ".Length..].Trim()) is { } password)
            {
                yield return password;
            }
        }
    }

    static string? Password(string basic)
    {
        byte[] decoded = new byte[basic.Length];
        return Convert.TryFromBase64String(basic, decoded, out int length)
            && Encoding.UTF8.GetString(decoded, 0, length) is var pair && pair.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon
            ? pair[(colon + 1)..]
            : null;
    }

    /// <summary>Of equal length for keys of any, so that a comparison tells nothing about them.</summary>
    static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
