namespace ImmichMl.Daemon.Serving;

/// <summary>Turns the exceptions of other projects into codes of the wire, here alone. What is not listed is our own fault.</summary>
static class ErrorMap
{
    public static ErrorDetail ToDetail(Exception fault) => fault switch
    {
        ProtocolException e => Detail(e.Code, e.Message),
        ImageException e => Detail(CodeOf(e.Fault), e.Message),
        ModelException e => Detail(CodeOf(e.Fault), e.Message) with { RetryAfterMs = (int?)e.RetryAfter?.TotalMilliseconds },
        InferenceException e => Detail(CodeOf(e.Fault), e.Message) with { RetryAfterMs = (int?)e.RetryAfter?.TotalMilliseconds },
        OutOfMemoryException => Detail(ErrorCode.OutOfMemory, "Memory does not suffice for this request."),
        ThreadStartException or TaskSchedulerException => Detail(ErrorCode.OutOfMemory, "No thread can be started for this request."),
        OperationCanceledException => Detail(ErrorCode.Cancelled, "The request was cancelled."),
        _ => Detail(ErrorCode.Internal, "The request failed inside the daemon; its log has the cause."),
    };

    public static ErrorDetail Detail(ErrorCode code, string message) =>
        new() { Code = code, Message = message, Retryable = code.Retryable };

    static ErrorCode CodeOf(ImageFault fault) => fault switch
    {
        ImageFault.Empty => ErrorCode.ImageEmpty,
        ImageFault.Unreadable => ErrorCode.ImageUnreadable,
        ImageFault.Unsupported => ErrorCode.ImageUnsupported,
        ImageFault.TooLarge => ErrorCode.ImageTooLarge,
        _ => ErrorCode.Internal,
    };

    static ErrorCode CodeOf(ModelFault fault) => fault switch
    {
        ModelFault.Unknown => ErrorCode.UnknownModel,
        ModelFault.Unavailable => ErrorCode.ModelUnavailable,
        ModelFault.Unusable => ErrorCode.ModelUnusable,
        _ => ErrorCode.Internal,
    };

    static ErrorCode CodeOf(InferenceFault fault) => fault switch
    {
        InferenceFault.UnknownTask => ErrorCode.UnknownTask,
        InferenceFault.MissingDependency => ErrorCode.MissingDependency,
        InferenceFault.InvalidInput => ErrorCode.InvalidRequest,
        InferenceFault.Overloaded => ErrorCode.Overloaded,
        InferenceFault.DeadlineExceeded => ErrorCode.DeadlineExceeded,
        InferenceFault.OutOfMemory => ErrorCode.OutOfMemory,
        InferenceFault.NotFinite => ErrorCode.ModelUnusable,
        _ => ErrorCode.Internal,
    };
}
