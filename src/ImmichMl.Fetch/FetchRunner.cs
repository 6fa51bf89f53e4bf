namespace ImmichMl.Fetch;

/// <summary>
/// Brings models for one cache, whoever asks, and tells how it goes in lines: "progress BYTES TOTAL", then "done" or "failed CODE MESSAGE",
/// where CODE is a <see cref="FetchFault"/>.
/// </summary>
sealed class FetchRunner(ModelOptions models, HubOptions hub, ModelCatalog catalog, ModelStore store, HubClient client)
{
    static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    /// <returns>0, or the fault's number; the last line has been told.</returns>
    public async Task<int> RunAsync(
        string task, string type, string name, bool replace, Action<string> tell, CancellationToken cancellation)
    {
        try
        {
            var kind = new ModelKind(task, type);
            if (!ModelKind.All.Contains(kind))
            {
                throw new FetchException(FetchFault.Unknown, $"There is no task '{task}' of type '{type}'.");
            }

            await new ModelDownload(models, hub, catalog, store, client, Paced(tell))
                .RunAsync(new ModelKey(kind, name), replace, cancellation);
            tell("done");
            return 0;
        }
        catch (Exception e)
        {
            // Whatever it was: who asked is told, and a service goes on serving others.
            int code = (int)FaultOf(e);
            tell($"failed {code} {e.Message.ReplaceLineEndings(" ")}");
            return code;
        }
    }

    static FetchFault FaultOf(Exception fault) => fault switch
    {
        FetchException e => e.Fault,
        OperationCanceledException => FetchFault.Network,
        ModelException { Fault: ModelFault.Unknown } => FetchFault.Unknown,
        ModelException or IOException or UnauthorizedAccessException => FetchFault.Operator,
        _ => FetchFault.Network,
    };

    static Action<long, long> Paced(Action<string> tell)
    {
        long last = 0;
        return (bytes, total) =>
        {
            if (bytes == total || last == 0 || TimeProvider.System.GetElapsedTime(last) >= s_pace)
            {
                last = TimeProvider.System.GetTimestamp();
                tell($"progress {bytes} {total}");
            }
        };
    }
}
