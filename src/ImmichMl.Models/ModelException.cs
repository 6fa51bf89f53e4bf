namespace ImmichMl.Models;

/// <summary>Why a model cannot be had.</summary>
public enum ModelFault
{
    /// <summary>No model of this name is known.</summary>
    Unknown,

    /// <summary>Known, but its files are not in the cache.</summary>
    Unavailable,

    /// <summary>Its files are in the cache and cannot be used.</summary>
    Unusable,
}

/// <summary>A model cannot be had. The message is for the peer and for the operator; it names the model.</summary>
public sealed class ModelException(ModelFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    public ModelFault Fault { get; } = fault;

    /// <summary>The model whose files are at fault; null where they may be good.</summary>
    public ModelKey? Key { get; init; }

    /// <summary>When to ask again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
