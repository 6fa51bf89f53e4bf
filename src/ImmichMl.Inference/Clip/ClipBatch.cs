using ImmichMl.Inference.Scheduling;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// Lets pictures or texts that come at the same time share one run of a model whose first axis is free. A backlog's runs
/// are apart from those that somebody waits for. Where a run of many fails each is run alone, so that one input hurts only itself.
/// </summary>
/// <typeparam name="T">An input, ready for the model.</typeparam>
/// <param name="encode">Runs the model once: an embedding for each input, in their order.</param>
/// <param name="options">How many share a run, and how long the first waits for others.</param>
/// <param name="runsAtOnce">Of either lane.</param>
/// <param name="time">For that wait.</param>
sealed class ClipBatch<T>(
    Func<IReadOnlyList<T>, CancellationToken, float[][]> encode, ClipOptions options, int runsAtOnce, TimeProvider time)
{
    readonly Lock _lock = new();
    readonly Line[] _lines = [new(), new()];

    sealed class Line
    {
        public LinkedList<Item> Waiting { get; } = new();

        public int Runs { get; set; }

        public TaskCompletionSource? Full { get; set; }
    }

    sealed class Item(T input, InferenceQueue.Admission admission)
    {
        public T Input => input;

        public InferenceQueue.Admission Admission => admission;

        public bool HasGivenUp { get; set; }

        public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<float[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Set while it runs: stops the run once nobody in it wants it any more.</summary>
        public Action? LeavesRun { get; set; }
    }

    /// <param name="input">Is in use until this returns.</param>
    /// <param name="admission">The request's.</param>
    /// <param name="clock">The request's.</param>
    /// <param name="start">Ends the waiting for a run; one that is on goes on.</param>
    /// <param name="cancellation">Nobody wants the answer any more.</param>
    public async Task<float[]> EncodeAsync(
        T input, InferenceQueue.Admission admission, StageClock clock, CancellationToken start, CancellationToken cancellation)
    {
        clock.Start(Stage.Queue);
        var item = new Item(input, admission);
        Line line = _lines[admission.Yields ? 1 : 0];
        Enter(line, item);
        using CancellationTokenRegistration late = start.Register(() => Leave(line, item));
        using CancellationTokenRegistration unwanted = cancellation.Register(() => GiveUp(line, item));
        await item.Started.Task;
        clock.Start(Stage.Inference);

        // Also one that gave up waits for the end of its run: the input and the model are in use until then.
        float[] embedding = await item.Answer.Task;
        clock.Start(Stage.Postprocess);
        cancellation.ThrowIfCancellationRequested();
        return embedding;
    }

    void Enter(Line line, Item item)
    {
        bool leads;
        bool releasesSlot;
        lock (_lock)
        {
            line.Waiting.AddLast(item);
            leads = line.Runs < runsAtOnce;
            line.Runs += leads ? 1 : 0;
            releasesSlot = line.Waiting.Count <= options.MaxBatch * 2;
            if (line.Waiting.Count >= options.MaxBatch)
            {
                line.Full?.TrySetResult();
            }
        }

        if (releasesSlot)
        {
            // Else its slot stays taken, so that no more than this wait here as tensors.
            item.Admission.ReleaseSlot();
        }

        if (leads)
        {
            _ = LeadAsync(line);
        }
    }

    void GiveUp(Line line, Item item)
    {
        Leave(line, item);
        Action? leavesRun;
        lock (_lock)
        {
            item.HasGivenUp = true;
            leavesRun = item.LeavesRun;
        }

        leavesRun?.Invoke();
    }

    /// <summary>One that waits leaves the line.</summary>
    void Leave(Line line, Item item)
    {
        lock (_lock)
        {
            if (line.Waiting.Remove(item))
            {
                item.Started.TrySetCanceled(CancellationToken.None);
            }
        }
    }

    /// <summary>Runs what waits until nothing does.</summary>
    async Task LeadAsync(Line line)
    {
        try
        {
            await WaitForOthersAsync(line);
            while (Take(line, options.MaxBatch) is { Count: > 0 } items)
            {
                try
                {
                    await items[0].Admission.RunAsync(() => Run(items), CancellationToken.None);
                }
                catch (Exception e)
                {
                    Fail(items, e);
                }
            }
        }
        catch (Exception e)
        {
            // Nobody else would run what waits: it is told, and what comes next begins anew.
            while (Take(line, int.MaxValue) is { Count: > 0 } items)
            {
                Fail(items, e);
            }
        }
    }

    static void Fail(List<Item> items, Exception fault)
    {
        items.ForEach(item => item.Started.TrySetResult());
        items.ForEach(item => item.Answer.TrySetException(fault));
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

    /// <summary>None ends the leading: under one lock, so that whoever comes next leads.</summary>
    List<Item> Take(Line line, int most)
    {
        lock (_lock)
        {
            var items = new List<Item>();
            while (items.Count < most && line.Waiting.First is { } first)
            {
                line.Waiting.RemoveFirst();
                items.Add(first.Value);
            }

            line.Runs -= items.Count == 0 ? 1 : 0;
            return items;
        }
    }

    bool Run(List<Item> items)
    {
        // Never disposed: somebody may give up while the run ends, and it holds nothing that would have to go.
        var stop = new CancellationTokenSource();
        Action stopIfEmpty = () =>
        {
            if (items.All(item => item.HasGivenUp))
            {
                stop.Cancel();
            }
        };
        lock (_lock)
        {
            items.ForEach(item => item.LeavesRun = stopIfEmpty);
        }

        stopIfEmpty();
        items.ForEach(item => item.Started.TrySetResult());
        try
        {
            Answer(items, stop.Token);
        }
        finally
        {
            lock (_lock)
            {
                items.ForEach(item => item.LeavesRun = null);
            }
        }

        return true;
    }

    void Answer(List<Item> items, CancellationToken cancellation)
    {
        if (items.Count > 1)
        {
            try
            {
                float[][] rows = encode([.. items.Select(item => item.Input)], cancellation);
                items.Zip(rows).ToList().ForEach(pair => pair.First.Answer.TrySetResult(pair.Second));
                return;
            }
            catch (Exception e) when (e is ModelException or InferenceException)
            {
                // Each alone, below.
            }
            catch (OperationCanceledException)
            {
                items.ForEach(item => item.Answer.TrySetCanceled(CancellationToken.None));
                return;
            }
        }

        foreach (Item item in items)
        {
            try
            {
                item.Answer.TrySetResult(encode([item.Input], cancellation)[0]);
            }
            catch (OperationCanceledException)
            {
                item.Answer.TrySetCanceled(CancellationToken.None);
            }
            catch (Exception e)
            {
                item.Answer.TrySetException(e);
            }
        }
    }
}
