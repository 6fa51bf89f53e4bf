using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Requests;

/// <summary>
/// One request from checked input to answer: header check, admission, model, slot, decode once, run. What a request asks for travels
/// as arguments; nothing of it stays on a model.
/// </summary>
public sealed class Pipeline(SessionCache models, InferenceQueue queue, DecodeQueue decoder, ImageLimits limits, TimeProvider time)
{
    /// <summary>Answers a request: at once where it is refused, else once it had a slot and its models have run.</summary>
    /// <exception cref="ImageException">The image is empty, unreadable, unsupported or too large.</exception>
    /// <exception cref="ModelException">A model is not to be had.</exception>
    /// <exception cref="InferenceException">The request cannot be answered, or not now.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<Prediction> PredictAsync(PredictionRequest request, CancellationToken cancellation)
    {
        IReadOnlyList<PlannedTask> plan = Check(request);
        ImageHeader? header = HeaderOf(request);
        var sized = new Prediction { ImageWidth = header?.Width, ImageHeight = header?.Height };
        return plan.Count == 0 ? sized : await RunAsync(plan, request, header, sized, cancellation);
    }

    /// <summary>What is to be done, when the tasks can be done on this input.</summary>
    public static IReadOnlyList<PlannedTask> Check(PredictionRequest request)
    {
        if (request.Image is null && string.IsNullOrEmpty(request.Text))
        {
            throw new InferenceException(InferenceFault.InvalidInput, "Either image or text must be provided.");
        }

        return TaskGraph.Plan(request.Tasks, hasImage: request.Image is not null);
    }

    /// <summary>Null for a text.</summary>
    public ImageHeader? HeaderOf(PredictionRequest request) =>
        request.Image is null ? null : ImageHeader.Read(request.Image.Bytes.Span, limits);

    async Task<Prediction> RunAsync(
        IReadOnlyList<PlannedTask> plan, PredictionRequest request, ImageHeader? header, Prediction sized, CancellationToken cancellation)
    {
        using var deadline = new Deadline(request.Deadline, time, cancellation);
        StageClock clock = request.Clock;
        var leases = new List<SessionCache.Lease<IDisposable>>();
        try
        {
            using InferenceQueue.Admission admission = queue.Admit(request.Lane, request.Peer);
            foreach (PlannedTask task in plan)
            {
                leases.Add(await models.AcquireAsync<IDisposable>(task.Key, deadline.Token));
            }

            sized = sized with { Models = [.. leases.Select(lease => lease.Model)] };
            await admission.SlotAsync(deadline.Token);
            clock.Start(Stage.Decode);
            using DecodeQueue.Decoded? picture = request.Image is { } image
                ? await decoder.DecodeAsync(image, header!.Value, admission.Yields, deadline.Token)
                : null;
            clock.Start(Stage.Queue);
            switch (plan.Count == 1 ? leases[0].Model : null)
            {
                case ClipVisualEncoder { SharesRuns: true } encoder:
                    float[] ofPicture = await encoder.EncodeTogetherAsync(picture!.Bitmap, admission, clock, deadline.Token, cancellation);
                    return sized with { Clip = ofPicture };
                case ClipTextualEncoder { SharesRuns: true } encoder:
                    float[] ofText = await encoder.EncodeTogetherAsync(
                        request.Text!, plan[0].Arguments.Language, admission, clock, deadline.Token, cancellation);
                    return sized with { Clip = ofText };
            }

            return await admission.RunAsync(
                () =>
                {
                    deadline.Token.ThrowIfCancellationRequested();
                    Prediction answer = sized;
                    for (int i = 0; i < plan.Count; i++)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        if (plan.Count > 1)
                        {
                            clock.Begin(plan[i].Key.Kind);
                        }

                        answer = Step(leases[i].Model, plan[i], picture?.Bitmap, request.Text, answer, clock, cancellation);
                    }

                    return answer;
                },
                cancellation);
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            throw new InferenceException(
                InferenceFault.DeadlineExceeded, $"The request was not started within {request.Deadline!.Value.TotalMilliseconds:0} ms.");
        }
        finally
        {
            clock.Stop();
            leases.ForEach(lease => lease.Dispose());
        }
    }

    /// <summary>One task. A recognition finds its detection's output in the answer so far.</summary>
    static Prediction Step(
        IDisposable model, PlannedTask task, Bitmap? bitmap, string? text, Prediction answer, StageClock clock,
        CancellationToken cancellation) => model switch
        {
            ClipVisualEncoder encoder => answer with { Clip = encoder.Encode(bitmap!, clock, cancellation) },
            ClipTextualEncoder encoder => answer with { Clip = encoder.Encode(text!, task.Arguments.Language, clock, cancellation) },
            ScrfdDetector detector => answer with { Faces = detector.Detect(bitmap!, task.Arguments, clock, cancellation) },
            ArcFaceRecognizer recognizer => answer with { Faces = recognizer.Recognize(bitmap!, answer.Faces!, clock, cancellation) },
            TextDetector detector => answer with { Ocr = detector.Detect(bitmap!, task.Arguments, clock, cancellation) },
            TextRecognizer recognizer =>
                answer with { Ocr = recognizer.Recognize(bitmap!, answer.Ocr!, task.Arguments, clock, cancellation) },
            _ => throw new InferenceException(InferenceFault.UnknownTask, $"{task.Key.Kind} is not in this version."),
        };

    /// <summary>The peer's own cancellation together with the time past which waiting is of no use.</summary>
    sealed class Deadline : IDisposable
    {
        readonly CancellationToken _peer;
        readonly CancellationTokenSource? _timer;
        readonly CancellationTokenSource? _either;

        public Deadline(TimeSpan? after, TimeProvider time, CancellationToken peer)
        {
            _peer = peer;
            if (after is { } delay)
            {
                _timer = new CancellationTokenSource(delay, time);
                _either = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, peer);
            }
        }

        public CancellationToken Token => _either?.Token ?? _peer;

        public bool HasPassed => _timer is { IsCancellationRequested: true } && !_peer.IsCancellationRequested;

        public void Dispose()
        {
            _either?.Dispose();
            _timer?.Dispose();
        }
    }
}
