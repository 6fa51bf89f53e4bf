namespace ImmichMl.Inference.Sessions;

/// <summary>A provider that must be there is not; the message names it and the cause.</summary>
public sealed class ProviderMissingException(string message) : Exception(message);
