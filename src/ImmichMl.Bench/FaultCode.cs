namespace ImmichMl.Bench;

/// <summary>Under which name a failed request is counted: the wire's code, <c>http_</c> and a status, or that of the connection.</summary>
static class FaultCode
{
    public const string NoConnection = "no_connection";

    /// <summary>Null for what is a fault of this program, or its end.</summary>
    public static string? Of(Exception fault) => fault switch
    {
        MlErrorException { Code.Name: var code } => code,
        BadAnswerException { Code: var code } => code,
        NoHttpException => "no_http",
        MlConnectionException or IOException => NoConnection,
        TimeoutException => "timeout",
        _ => null,
    };
}
