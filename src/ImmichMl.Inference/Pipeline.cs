using ImmichMl.Imaging;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;

namespace ImmichMl.Inference;

/// <summary>
/// One request from checked input to answer: header check, admission, model, turn, decode once, run. What a request asks for travels
/// as arguments; nothing of it stays on a model.
/// </summary>
public sealed class Pipeline(SessionCache models, InferenceQueue queue, DecodeQueue decoder, ImageLimits limits, TimeProvider time)
{
    /// <exception cref="ImageException">The image is empty, unreadable, unsupported or too large.</exception>
    /// <exception cref="ModelException">A model is not to be had.</exception>
    /// <exception cref="InferenceException">The request cannot be answered, or not now.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<Prediction> PredictAsync(PredictionRequest request, CancellationToken cancellation)
    {
        if (request.Image is null && string.IsNullOrEmpty(request.Text))
        {
            throw new InferenceException(InferenceFault.InvalidInput, "Either image or text must be provided.");
        }

        IReadOnlyList<ModelKey> plan = TaskGraph.Plan(request.Tasks, hasImage: request.Image is not null);
        foreach (ModelKey key in plan.Where(key => key.Kind != ModelKind.ClipVisual))
        {
            throw new InferenceException(InferenceFault.UnknownTask, $"{key.Kind} is not in this version.");
        }

        ImageHeader? header = request.Image is null ? null : ImageHeader.Read(request.Image.Bytes.Span, limits);
        var answer = new Prediction { ImageWidth = header?.Width, ImageHeight = header?.Height };
        foreach (ModelKey key in plan)
        {
            answer = answer with { Clip = await EncodeImageAsync(key, request, header!.Value, cancellation) };
        }

        return answer;
    }

    async Task<float[]> EncodeImageAsync(ModelKey key, PredictionRequest request, ImageHeader header, CancellationToken cancellation)
    {
        using var deadline = new Deadline(request.Deadline, time, cancellation);
        StageClock clock = request.Clock;
        try
        {
            using InferenceQueue.Place place = queue.Admit(request.Lane);
            using SessionCache.Lease<ClipVisualEncoder> encoder = await models.AcquireAsync<ClipVisualEncoder>(key, deadline.Token);
            await place.TurnAsync(deadline.Token);
            clock.Start(Stage.Decode);
            using DecodeQueue.Decoded picture = await decoder.DecodeAsync(request.Image!, header, deadline.Token);
            clock.Start(Stage.Queue);
            return await place.RunAsync(
                () =>
                {
                    deadline.Token.ThrowIfCancellationRequested();
                    return encoder.Model.Encode(picture.Bitmap, clock, cancellation);
                },
                cancellation);
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            throw new InferenceException(InferenceFault.DeadlineExceeded, $"The request was not started within {request.Deadline!.Value.TotalMilliseconds:0} ms.");
        }
        finally
        {
            clock.Stop();
        }
    }

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
