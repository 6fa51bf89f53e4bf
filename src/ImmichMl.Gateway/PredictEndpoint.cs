using ImmichMl.Gateway.Upstreams;

namespace ImmichMl.Gateway;

/// <summary>POST /predict: Immich's form in, Immich's JSON out.</summary>
sealed class PredictEndpoint(
    GatewayOptions options, DaemonLink daemon, UploadBudget budget, TimeProvider time, ILogger<PredictEndpoint> log,
    UpstreamRouter? router = null)
{
    static readonly PredictResult s_nothingFound = new()
    {
        ImageHeight = 0,
        ImageWidth = 0,
        Faces = [],
        Ocr = new OcrResult { Text = [], Box = [], BoxScore = [], TextScore = [] },
        Timings = new Timings(),
    };

    const long TrimAfter = 64L * 1024 * 1024;

    static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(3);

    readonly ImmichJson _json = ImmichJson.Of(options.Rules);
    int _trimming;

    /// <summary>Predictions that are being read or answered.</summary>
    public int Open => budget.Open;

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            (ReadOnlyMemory<byte> json, string? timing) = await PredictAsync(context);
            context.Response.Headers["Server-Timing"] = timing;
            await Reply.WriteAsync(context, 200, "application/json", json);
        }
        finally
        {
            if (Open == 0 && budget.TakenSinceTrim > TrimAfter && Interlocked.Exchange(ref _trimming, 1) == 0)
            {
                _ = TrimWhenQuietAsync();
            }
        }
    }

    /// <summary>Neither the body nor the slot among open requests is kept while the caller reads its answer.</summary>
    async Task<(ReadOnlyMemory<byte> Json, string? Timing)> PredictAsync(HttpContext context)
    {
        using Upload upload = await budget.OpenAsync(context.Request, options.MaxBodyBytes);
        using PredictForm form = await PredictForm.ReadAsync(context.Request, options, upload);
        upload.Complete();
        IReadOnlyList<TaskEntry> tasks = ReadEntries(form);
        PredictRequest request = ToRequest(tasks, form);
        if (router is not null)
        {
            // Bytes that are held lie elsewhere afterwards: the request is made anew.
            RoutedAnswer answer = await router.AskAsync(tasks, form, context, () => AskAsync(ToRequest(tasks, form), context));
            if (answer.Result is null)
            {
                return (answer.Json, answer.ServerTiming);
            }

            return Written(tasks, answer.Result);
        }

        return Written(tasks, await AskAsync(request, context));
    }

    (ReadOnlyMemory<byte> Json, string? Timing) Written(IReadOnlyList<TaskEntry> tasks, PredictResult result) =>
        (Encoding.UTF8.GetBytes(_json.Write(tasks, result)), ServerTiming(result.Timings));

    static PredictRequest ToRequest(IReadOnlyList<TaskEntry> tasks, PredictForm form) => form.Image is { } image
        ? new PredictRequest { Id = 0, Tasks = tasks, Image = image.AsSequence() }
        : form.Text is { Length: > 0 } text ? new PredictRequest { Id = 0, Tasks = tasks, Text = text } : throw HttpFault.NoInput();

    /// <summary>
    /// After a burst the heap would keep hundreds of megabytes; collecting takes milliseconds, so it waits for a quiet moment.
    /// </summary>
    async Task TrimWhenQuietAsync()
    {
        try
        {
            do
            {
                await Task.Delay(s_quiet, time);
            }
            while (Open > 0);
            budget.ForgetTaken();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
        catch (Exception e)
        {
            // Nobody waits for this task; the next burst tries again.
            log.TrimFailed(e);
        }
        finally
        {
            Volatile.Write(ref _trimming, 0);
        }
    }

    IReadOnlyList<TaskEntry> ReadEntries(PredictForm form)
    {
        if (form.Entries is not { Length: > 0 } entries)
        {
            throw HttpFault.MissingEntries();
        }

        try
        {
            IReadOnlyList<TaskEntry> tasks = _json.ReadEntries(entries);
            return tasks.Count > 0 || _json.AnswersSizeAlone ? tasks : throw HttpFault.NoTask();
        }
        catch (FormatException)
        {
            throw HttpFault.InvalidEntries();
        }
    }

    async Task<PredictResult> AskAsync(PredictRequest request, HttpContext context)
    {
        try
        {
            return await daemon.PredictAsync(request with { Trace = context.TraceIdentifier }, context.RequestAborted);
        }
        catch (MlErrorException e) when (options.LenientImages && IsImageFault(e)
            && request.Tasks.All(entry => entry.Task is "facial-recognition" or "ocr"))
        {
            return s_nothingFound;
        }
    }

    static bool IsImageFault(MlErrorException fault) =>
        fault.Code.Name is "image_empty" or "image_unreadable" or "image_unsupported" or "image_too_large";

    /// <summary>Where the time went, in the header that browsers show and the page reads.</summary>
    static string ServerTiming(Timings timings) => string.Create(CultureInfo.InvariantCulture,
        $"queue;dur={timings.Queue:0.###}, decode;dur={timings.Decode:0.###}, preprocess;dur={timings.Preprocess:0.###}, "
        + $"inference;dur={timings.Inference:0.###}, postprocess;dur={timings.Postprocess:0.###}, total;dur={timings.Total:0.###}");
}
