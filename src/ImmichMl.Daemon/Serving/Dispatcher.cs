using ImmichMl.Daemon.Results;

namespace ImmichMl.Daemon.Serving;

/// <summary>Has a request answered by what it asks for, and holds the only catch around a request.</summary>
sealed class Dispatcher(
    Pipeline pipeline, SessionCache models, Residency residency, ModelDownloads downloads, Answers answers,
    KnownResults results, Statistics statistics, TimeProvider time, ILogger<Dispatcher> log)
{
    /// <summary>Pixels; no picture has a longer side.</summary>
    const int MaxResolution = 65_535;

    long _answered;
    long _worked;

    /// <summary>Requests answered since the start.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Those of them that ran or moved a model; others ask how things are.</summary>
    public long Worked => Interlocked.Read(ref _worked);

    /// <summary>Always an answer, never an exception. The frame is held until nothing needs its bytes any more.</summary>
    public async Task<Response> AnswerAsync(Request request, Frame frame, long connection, CancellationToken cancellation)
    {
        var clock = new StageClock(time);
        long received = time.GetTimestamp();
        string operation = request is PredictRequest { Trace: { Length: > 0 } trace } ? $"predict ({trace})" : request.Operation;
        Response response;
        try
        {
            Result result = await ResultAsync(request, frame, connection, clock, received, cancellation);
            response = new Response { Id = request.Id, Result = result };
            Count(request, response, clock);
            if (clock.LeftOut > 0)
            {
                log.LeftOut(request.Id, connection, clock.LeftOut);
            }

            log.Answered(request.Id, connection, operation, time.GetElapsedTime(received).TotalMilliseconds, clock.Runs);
        }
        catch (Exception fault)
        {
            ErrorDetail error = ErrorMap.ToDetail(fault);
            response = new Response { Id = request.Id, Error = error };
            Count(request, response, clock);
            if (error.Code == ErrorCode.Internal)
            {
                log.Failed(request.Id, connection, operation, fault);
            }
            else
            {
                double milliseconds = time.GetElapsedTime(received).TotalMilliseconds;
                log.Refused(request.Id, connection, operation, error.Code.Name, milliseconds, clock.Runs, error.Message);
            }
        }

        Interlocked.Increment(ref _answered);
        if (request is PredictRequest or LoadRequest or UnloadRequest)
        {
            Interlocked.Increment(ref _worked);
        }

        return response;
    }

    void Count(Request request, Response response, StageClock clock)
    {
        if (request is not PredictRequest predict)
        {
            return;
        }

        if (response.Result is PredictResult { Timings: { } timings })
        {
            statistics.Add(predict.Tasks, timings, clock);
        }
        else if (response.Error is { Code: var code })
        {
            // What is refused before a model is looked for may hold any name.
            statistics.Add(predict.Tasks, code.Name, isKnown: predict.Tasks.All(task => answers.IsKnown(task)));
        }
    }

    async Task<Result> ResultAsync(
        Request request, Frame frame, long connection, StageClock clock, long received, CancellationToken cancellation)
    {
        if (request is PredictRequest predict)
        {
            return await PredictAsync(predict, frame, connection, clock, received, cancellation);
        }

        using (frame)
        {
            switch (request)
            {
                case PingRequest:
                    return EmptyResult.Instance;
                case InfoRequest:
                    return answers.Info();
                case ModelsRequest:
                    return answers.Models();
                case StatsRequest:
                    return answers.Stats();
                case LoadRequest load:
                    ModelKey key = KeyOf(load.Model);
                    SessionCache.Lease<IDisposable> loaded = await downloads.UseAsync(
                        downloads.Missing([key]), ModelDownloads.BackgroundPatience,
                        () => models.AcquireAsync<IDisposable>(key, cancellation), cancellation);
                    loaded.Dispose();
                    return EmptyResult.Instance;
                case UnloadRequest unload:
                    await residency.UnloadAsync(KeyOf(unload.Model), cancellation);
                    return EmptyResult.Instance;
                default:
                    throw new ProtocolException(ErrorCode.UnknownOperation, $"Operation '{request.Operation}' is not in this version.");
            }
        }
    }

    async Task<Result> PredictAsync(
        PredictRequest request, Frame frame, long connection, StageClock clock, long received, CancellationToken cancellation)
    {
        using EncodedImage? image = request.Image is { } bytes ? new EncodedImage(bytes.First, frame) : null;
        if (image is null)
        {
            frame.Dispose();
        }

        Lane standard = image is null ? Lane.Interactive : Lane.Background;
        var asked = new PredictionRequest
        {
            Tasks = [.. request.Tasks.Select(
                entry => new TaskRequest(entry.Task, entry.Type, entry.ModelName, ArgumentsOf(entry.Options)))],
            Image = image,
            Text = request.Text,
            Lane = request.Priority switch
            {
                Priority.Interactive => Lane.Interactive,
                Priority.Background => Lane.Background,
                _ => standard,
            },
            Deadline = DeadlineOf(request),
            Peer = connection,
            Clock = clock,
        };

        IReadOnlyList<PlannedTask> plan = Pipeline.Check(asked);
        KnownResults.Asked? lookedFor = results.Look(asked, plan);
        if (lookedFor is not null && results.Cache.TryGet(lookedFor.Key, out PredictResult? known))
        {
            return known with { Timings = new Timings { Total = time.GetElapsedTime(received).TotalMilliseconds } };
        }

        // In front of the queue: a download takes minutes, and no slot is held for it. What is wrong with the request is told before one
        // begins.
        ModelKey[] missing = downloads.Missing(plan.Select(task => task.Key).Where(key => !models.Holds(key)));
        if (missing.Length > 0)
        {
            pipeline.HeaderOf(asked);
        }

        Prediction prediction = await downloads.UseAsync(
            missing, ModelDownloads.PatienceOf(asked.Lane, asked.Deadline),
            () => pipeline.PredictAsync(Late(asked, received), cancellation), cancellation, holding: image?.Bytes.Length ?? 0);
        bool recognized = request.Tasks.Any(entry => ModelKind.TextRecognition == new ModelKind(entry.Task, entry.Type));
        PredictResult result = Answers.Predict(prediction, recognized, clock, time.GetElapsedTime(received));
        if (lookedFor is not null && clock.LeftOut == 0)
        {
            results.Keep(lookedFor, prediction.Models, result);
        }

        return result;
    }

    /// <summary>The deadline counts from when the request was received, and a download may have taken some of it.</summary>
    PredictionRequest Late(PredictionRequest asked, long received) => asked.Deadline is { } deadline
        ? asked with { Deadline = deadline > time.GetElapsedTime(received) ? deadline - time.GetElapsedTime(received) : TimeSpan.Zero }
        : asked;

    static TaskArguments ArgumentsOf(TaskOptions options)
    {
        if (options.MinScore is { } score && !double.IsFinite(score))
        {
            throw new InferenceException(InferenceFault.InvalidInput, "minScore must be a number.");
        }

        return new TaskArguments
        {
            MinScore = options.MinScore,

            // Immich takes any integer.
            MaxResolution = options.MaxResolution is { } side ? Math.Clamp(side, 0, MaxResolution) : null,
            ScoreMode = options.ScoreMode == "slow" ? TextScoreMode.Slow : TextScoreMode.Fast,
            Language = options.Language,
        };
    }

    /// <summary>Timers end at 49 days: a deadline weeks away is none.</summary>
    static TimeSpan? DeadlineOf(PredictRequest request) =>
        request.DeadlineMs is { } milliseconds and <= int.MaxValue ? TimeSpan.FromMilliseconds(milliseconds) : null;

    static ModelKey KeyOf(ModelAddress model)
    {
        var kind = new ModelKind(model.Task, model.Type);
        return ModelKind.All.Contains(kind)
            ? new ModelKey(kind, model.ModelName)
            : throw new InferenceException(InferenceFault.UnknownTask, $"There is no task '{model.Task}' of type '{model.Type}'.");
    }
}
