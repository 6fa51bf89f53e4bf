namespace ImmichMl.Client;

/// <summary>The daemon answered with an error.</summary>
/// <param name="error">What it answered.</param>
public sealed class MlErrorException(ErrorDetail error) : Exception($"{error?.Code}: {error?.Message}")
{
    /// <summary>What the daemon answered.</summary>
    public ErrorDetail Error { get; } = error ?? throw new ArgumentNullException(nameof(error));

    /// <summary>The code that programs look at.</summary>
    public ErrorCode Code => Error.Code;
}

/// <summary>The daemon cannot be reached, or the connection broke before it answered.</summary>
/// <param name="message">What happened, with the socket's path.</param>
/// <param name="cause">Why, where that is known.</param>
public sealed class MlConnectionException(string message, Exception? cause = null) : Exception(message, cause);
