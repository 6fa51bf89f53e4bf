namespace ImmichMl.Inference;

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
}

/// <summary>A request cannot be answered. The message is for the peer.</summary>
public sealed class InferenceException(InferenceFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    public InferenceFault Fault { get; } = fault;

    /// <summary>When to ask again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
