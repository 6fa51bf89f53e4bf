using ImmichMl.Inference.Scheduling;
using ImmichMl.Models;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// Lets pictures or texts that come at the same time ride together in one run of a model whose first axis is free. A backlog's ride
/// apart from those that somebody waits for. Where a run of many fails each is run alone, so that one input hurts only itself.
/// </summary>
/// <typeparam name="T">An input, ready for the model.</typeparam>
/// <param name="encode">Runs the model once: an embedding for each input, in their order.</param>
/// <param name="options">How many ride together, and how long the first waits for others.</param>
/// <param name="runsAtOnce">Of either lane.</param>
/// <param name="time">For that wait.</param>
sealed class ClipBatch<T>(Func<IReadOnlyList<T>, CancellationToken, float[][]> encode, ClipOptions options, int runsAtOnce, TimeProvider time)
{
    readonly Lock _lock = new();
    readonly Line[] _lines = [new(), new()];

    sealed class Line
    {
        public LinkedList<Rider> Waiting { get; } = new();

        public int Runs { get; set; }

        public TaskCompletionSource? Full { get; set; }
    }

    sealed class Rider(T input, InferenceQueue.Place place)
    {
        public T Input => input;

        public InferenceQueue.Place Place => place;

        public bool HasGivenUp { get; set; }

        public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<float[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Set while it runs: stops the run once nobody aboard wants it any more.</summary>
        public Action? LeavesRun { get; set; }
    }

    /// <param name="input">Is in use until this returns.</param>
    /// <param name="place">The request's.</param>
    /// <param name="clock">The request's.</param>
    /// <param name="start">Ends the waiting for a run; one that is on goes on.</param>
    /// <param name="cancellation">Nobody wants the answer any more.</param>
    public async Task<float[]> EncodeAsync(T input, InferenceQueue.Place place, StageClock clock, CancellationToken start, CancellationToken cancellation)
    {
        clock.Start(Stage.Queue);
        var rider = new Rider(input, place);
        Line line = _lines[place.Yields ? 1 : 0];
        Enter(line, rider);
        using CancellationTokenRegistration late = start.Register(() => Leave(line, rider));
        using CancellationTokenRegistration unwanted = cancellation.Register(() => GiveUp(line, rider));
        await rider.Started.Task;
        clock.Start(Stage.Inference);

        // Also one that gave up waits for the end of its run: the input and the model are in use until then.
        float[] embedding = await rider.Answer.Task;
        clock.Start(Stage.Postprocess);
        cancellation.ThrowIfCancellationRequested();
        return embedding;
    }

    void Enter(Line line, Rider rider)
    {
        bool leads;
        bool stepsAside;
        lock (_lock)
        {
            line.Waiting.AddLast(rider);
            leads = line.Runs < runsAtOnce;
            line.Runs += leads ? 1 : 0;
            stepsAside = line.Waiting.Count <= options.MaxBatch * 2;
            if (line.Waiting.Count >= options.MaxBatch)
            {
                line.Full?.TrySetResult();
            }
        }

        if (stepsAside)
        {
            // Else its place in work stays taken, so that no more than this wait here as tensors.
            rider.Place.StepAside();
        }

        if (leads)
        {
            _ = LeadAsync(line);
        }
    }

    void GiveUp(Line line, Rider rider)
    {
        Leave(line, rider);
        Action? leavesRun;
        lock (_lock)
        {
            rider.HasGivenUp = true;
            leavesRun = rider.LeavesRun;
        }

        leavesRun?.Invoke();
    }

    /// <summary>One that waits leaves the line.</summary>
    void Leave(Line line, Rider rider)
    {
        lock (_lock)
        {
            if (line.Waiting.Remove(rider))
            {
                rider.Started.TrySetCanceled(CancellationToken.None);
            }
        }
    }

    /// <summary>Runs what waits until nothing does.</summary>
    async Task LeadAsync(Line line)
    {
        await WaitForOthersAsync(line);
        while (Take(line) is { Count: > 0 } riders)
        {
            try
            {
                await riders[0].Place.RunAsync(() => Run(riders), CancellationToken.None);
            }
            catch (Exception e)
            {
                riders.ForEach(rider => rider.Started.TrySetResult());
                riders.ForEach(rider => rider.Answer.TrySetException(e));
            }
        }
    }

    async Task WaitForOthersAsync(Line line)
    {
        TaskCompletionSource full;
        lock (_lock)
        {
            if (options.BatchWaitMilliseconds <= 0 || line.Waiting.Count >= options.MaxBatch)
            {
                return;
            }

            full = line.Full ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        using var enough = new CancellationTokenSource();
        await Task.WhenAny(full.Task, Task.Delay(TimeSpan.FromMilliseconds(options.BatchWaitMilliseconds), time, enough.Token));
        await enough.CancelAsync();
        lock (_lock)
        {
            line.Full = null;
        }
    }

    List<Rider> Take(Line line)
    {
        lock (_lock)
        {
            var riders = new List<Rider>();
            while (riders.Count < options.MaxBatch && line.Waiting.First is { } first)
            {
                line.Waiting.RemoveFirst();
                riders.Add(first.Value);
            }

            line.Runs -= riders.Count == 0 ? 1 : 0;
            return riders;
        }
    }

    bool Run(List<Rider> riders)
    {
        using var stop = new CancellationTokenSource();
        Action stopIfEmpty = () =>
        {
            if (riders.All(rider => rider.HasGivenUp))
            {
                stop.Cancel();
            }
        };
        lock (_lock)
        {
            riders.ForEach(rider => rider.LeavesRun = stopIfEmpty);
        }

        stopIfEmpty();
        riders.ForEach(rider => rider.Started.TrySetResult());
        try
        {
            Answer(riders, stop.Token);
        }
        finally
        {
            lock (_lock)
            {
                riders.ForEach(rider => rider.LeavesRun = null);
            }
        }

        return true;
    }

    void Answer(List<Rider> riders, CancellationToken cancellation)
    {
        if (riders.Count > 1)
        {
            try
            {
                float[][] rows = encode([.. riders.Select(rider => rider.Input)], cancellation);
                riders.Zip(rows).ToList().ForEach(pair => pair.First.Answer.TrySetResult(pair.Second));
                return;
            }
            catch (Exception e) when (e is ModelException or InferenceException)
            {
                // Each alone, below.
            }
            catch (OperationCanceledException)
            {
                riders.ForEach(rider => rider.Answer.TrySetCanceled(CancellationToken.None));
                return;
            }
        }

        foreach (Rider rider in riders)
        {
            try
            {
                rider.Answer.TrySetResult(encode([rider.Input], cancellation)[0]);
            }
            catch (OperationCanceledException)
            {
                rider.Answer.TrySetCanceled(CancellationToken.None);
            }
            catch (Exception e)
            {
                rider.Answer.TrySetException(e);
            }
        }
    }
}
