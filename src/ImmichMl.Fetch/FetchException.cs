namespace ImmichMl.Fetch;

/// <summary>Why a model did not come; the value is the exit code. The daemon and the command line tell them apart by it.</summary>
enum FetchFault
{
    /// <summary>The network or the hub did not do its part; worth trying later.</summary>
    Network = 1,

    /// <summary>No such model, or nothing that could be fetched.</summary>
    Unknown = 2,

    /// <summary>The operator's to mend: offline, forbidden, no space on disk, a cache that cannot be written.</summary>
    Operator = 3,
}

/// <summary>A model did not come. The message is for the operator and for the peer.</summary>
sealed class FetchException(FetchFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    public FetchFault Fault { get; } = fault;
}
