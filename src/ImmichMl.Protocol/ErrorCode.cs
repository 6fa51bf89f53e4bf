namespace ImmichMl.Protocol;

/// <summary>
/// Why a request was not answered with a result. The table may only grow: a code is a string on the wire that peers compare.
/// </summary>
public sealed record ErrorCode
{
    /// <summary>The request is malformed or contradicts itself.</summary>
    public static readonly ErrorCode InvalidRequest = new("invalid_request", retryable: false, closes: false, httpStatus: 422);

    /// <summary>The peer speaks another version of the protocol.</summary>
    public static readonly ErrorCode UnsupportedVersion = new("unsupported_version", retryable: false, closes: true, httpStatus: null);

    /// <summary>A frame announces more bytes than <c>limits.maxFrameBytes</c>.</summary>
    public static readonly ErrorCode FrameTooLarge = new("frame_too_large", retryable: false, closes: true, httpStatus: 413);

    /// <summary>The daemon does not have this operation.</summary>
    public static readonly ErrorCode UnknownOperation = new("unknown_operation", retryable: false, closes: false, httpStatus: 422);

    /// <summary>The daemon does not have this task, or not this type of it.</summary>
    public static readonly ErrorCode UnknownTask = new("unknown_task", retryable: false, closes: false, httpStatus: 422);

    /// <summary>A recognition was asked for without the detection that it builds on.</summary>
    public static readonly ErrorCode MissingDependency = new("missing_dependency", retryable: false, closes: false, httpStatus: 400);

    /// <summary>The image has no bytes, no width or no height.</summary>
    public static readonly ErrorCode ImageEmpty = new("image_empty", retryable: false, closes: false, httpStatus: 400);

    /// <summary>The image is truncated or malformed.</summary>
    public static readonly ErrorCode ImageUnreadable = new("image_unreadable", retryable: false, closes: false, httpStatus: 400);

    /// <summary>The image is of a format that is not accepted, or no image at all.</summary>
    public static readonly ErrorCode ImageUnsupported = new("image_unsupported", retryable: false, closes: false, httpStatus: 415);

    /// <summary>The image passes a limit: pixels, bytes, scans, or the time that decoding may take.</summary>
    public static readonly ErrorCode ImageTooLarge = new("image_too_large", retryable: false, closes: false, httpStatus: 413);

    /// <summary>No model of this name is known.</summary>
    public static readonly ErrorCode UnknownModel = new("unknown_model", retryable: false, closes: false, httpStatus: 404);

    /// <summary>The model is known, is not in the cache, and could not be fetched.</summary>
    public static readonly ErrorCode ModelUnavailable = new("model_unavailable", retryable: true, closes: false, httpStatus: 503);

    /// <summary>The model is in the cache and will not load.</summary>
    public static readonly ErrorCode ModelUnusable = new("model_unusable", retryable: false, closes: false, httpStatus: 500);

    /// <summary>The queue is full; ask again after <c>retryAfterMs</c>.</summary>
    public static readonly ErrorCode Overloaded = new("overloaded", retryable: true, closes: false, httpStatus: 503);

    /// <summary>Memory did not suffice for this request.</summary>
    public static readonly ErrorCode OutOfMemory = new("out_of_memory", retryable: true, closes: false, httpStatus: 503);

    /// <summary>The request could not be started before its <c>deadlineMs</c>.</summary>
    public static readonly ErrorCode DeadlineExceeded = new("deadline_exceeded", retryable: true, closes: false, httpStatus: 504);

    /// <summary>The peer cancelled the request.</summary>
    public static readonly ErrorCode Cancelled = new("cancelled", retryable: false, closes: false, httpStatus: 499);

    /// <summary>The daemon is stopping and takes no new requests.</summary>
    public static readonly ErrorCode ShuttingDown = new("shutting_down", retryable: true, closes: true, httpStatus: 503);

    /// <summary>A fault of the daemon; its log has the detail.</summary>
    public static readonly ErrorCode Internal = new("internal", retryable: true, closes: false, httpStatus: 500);

    /// <summary>Every code that this version knows, in the order of PROTOCOL.md.</summary>
    public static IReadOnlyList<ErrorCode> All { get; } =
    [
        InvalidRequest, UnsupportedVersion, FrameTooLarge, UnknownOperation, UnknownTask, MissingDependency, ImageEmpty, ImageUnreadable,
        ImageUnsupported, ImageTooLarge, UnknownModel, ModelUnavailable, ModelUnusable, Overloaded, OutOfMemory, DeadlineExceeded,
        Cancelled, ShuttingDown, Internal,
    ];

    ErrorCode(string name, bool retryable, bool closes, int? httpStatus)
    {
        Name = name;
        Retryable = retryable;
        ClosesConnection = closes;
        HttpStatus = httpStatus;
    }

    /// <summary>The string on the wire.</summary>
    public string Name { get; }

    /// <summary>True when the same request may succeed later.</summary>
    public bool Retryable { get; }

    /// <summary>True when the daemon closes the connection after this answer.</summary>
    public bool ClosesConnection { get; }

    /// <summary>The status that an HTTP gateway answers with; null where the error cannot reach one.</summary>
    public int? HttpStatus { get; }

    /// <summary>The code of this name. A name that a newer daemon brought is kept as it is and counts as not retryable.</summary>
    public static ErrorCode FromName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(code => code.Name == name) ?? new ErrorCode(name, retryable: false, closes: false, httpStatus: 500);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
