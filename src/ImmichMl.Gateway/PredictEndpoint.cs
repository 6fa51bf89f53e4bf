using System.Globalization;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;
using Microsoft.AspNetCore.Http;

namespace ImmichMl.Gateway;

/// <summary>POST /predict: Immich's form in, Immich's JSON out.</summary>
sealed class PredictEndpoint(GatewayOptions options, DaemonLink daemon, UploadBudget budget, TimeProvider time)
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

    int _open;
    int _trimming;

    /// <summary>Predictions that are being read or answered.</summary>
    public int Open => _open;

    public async Task AnswerAsync(HttpContext context)
    {
        if (Interlocked.Increment(ref _open) > options.MaxRequests)
        {
            Interlocked.Decrement(ref _open);
            throw HttpFault.Busy("Too many requests at the same time.");
        }

        try
        {
            using PredictForm form = await PredictForm.ReadAsync(context.Request, options, budget);
            IReadOnlyList<TaskEntry> tasks = ReadEntries(form);
            PredictResult result = await AskAsync(tasks, form, context.RequestAborted);
            context.Response.Headers["Server-Timing"] = ServerTiming(result.Timings);
            await Reply.JsonAsync(context, ImmichJson.Write(tasks, result));
        }
        finally
        {
            if (Interlocked.Decrement(ref _open) == 0 && budget.TakenSinceTrim > TrimAfter && Interlocked.Exchange(ref _trimming, 1) == 0)
            {
                _ = TrimWhenQuietAsync();
            }
        }
    }

    /// <summary>After a burst the heap would keep hundreds of megabytes; collecting takes milliseconds, so it waits for a quiet moment.</summary>
    async Task TrimWhenQuietAsync()
    {
        do
        {
            await Task.Delay(s_quiet, time);
        }
        while (_open > 0);
        budget.ForgetTaken();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Volatile.Write(ref _trimming, 0);
    }

    static IReadOnlyList<TaskEntry> ReadEntries(PredictForm form)
    {
        if (form.Entries is not { Length: > 0 } entries)
        {
            throw HttpFault.MissingEntries();
        }

        try
        {
            return ImmichJson.ReadEntries(entries);
        }
        catch (FormatException)
        {
            throw HttpFault.InvalidEntries();
        }
    }

    async Task<PredictResult> AskAsync(IReadOnlyList<TaskEntry> tasks, PredictForm form, CancellationToken cancellation)
    {
        PredictRequest request = form.Image is { } image
            ? new PredictRequest { Id = 0, Tasks = tasks, Image = image.AsSequence() }
            : form.Text is { Length: > 0 } text ? new PredictRequest { Id = 0, Tasks = tasks, Text = text } : throw HttpFault.NoInput();
        try
        {
            return await daemon.PredictAsync(request, cancellation);
        }
        catch (MlErrorException e) when (options.LenientImages && IsImageFault(e) && tasks.All(entry => entry.Task is "facial-recognition" or "ocr"))
        {
            return s_nothingFound;
        }
    }

    static bool IsImageFault(MlErrorException fault) => fault.Code.Name is "image_empty" or "image_unreadable" or "image_unsupported" or "image_too_large";

    /// <summary>Where the time went, in the header that browsers show and the page reads.</summary>
    static string ServerTiming(Timings timings) => string.Create(CultureInfo.InvariantCulture,
        $"queue;dur={timings.Queue:0.###}, decode;dur={timings.Decode:0.###}, preprocess;dur={timings.Preprocess:0.###}, inference;dur={timings.Inference:0.###}, postprocess;dur={timings.Postprocess:0.###}, total;dur={timings.Total:0.###}");
}
