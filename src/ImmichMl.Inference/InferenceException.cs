namespace ImmichMl.Inference;

/// <summary>Why a request cannot be answered; each is a code of the protocol.</summary>
public enum InferenceFault
{
    /// <summary>The task does not exist, or not in this version.</summary>
    UnknownTask,

    /// <summary>A recognition without its detection.</summary>
    MissingDependency,

    /// <summary>What was given does not fit the task.</summary>
    InvalidInput,

    /// <summary>The queue is full.</summary>
    Overloaded,

    /// <summary>It could not be started before its deadline.</summary>
    DeadlineExceeded,

    /// <summary>Native or managed memory ran out.</summary>
    OutOfMemory,

    /// <summary>A model answered with a number that is not finite, or with an embedding of zeros alone.</summary>
    NotFinite,
}

/// <summary>A request cannot be answered. The message is for the peer; it holds no query and no path.</summary>
public sealed class InferenceException(InferenceFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    public InferenceFault Fault { get; } = fault;

    /// <summary>A model gave no usable numbers.</summary>
    /// <param name="key">The model.</param>
    /// <param name="device">What it ran on.</param>
    /// <param name="cause">What was thrown before.</param>
    public static InferenceException NotFinite(ModelKey key, string device = "cpu", Exception? cause = null) => new(
        InferenceFault.NotFinite, $"Model {key} gave no usable numbers on {device}: NaN, infinity, or nothing but zeros.", cause);

    /// <summary>When to ask again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
