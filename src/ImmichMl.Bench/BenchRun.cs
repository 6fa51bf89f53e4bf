using ImmichMl.Client;

namespace ImmichMl.Bench;

/// <summary>How a run stands, for whoever watches it: what is counted so far, and the last second.</summary>
sealed class Progress(RunReport soFar, TimeSpan elapsed)
{
    public RunReport SoFar => soFar;

    public TimeSpan Elapsed => elapsed;
}

/// <summary>One load on one target: a first request of each kind, ramp, warm-up, what is measured, and the wait for what is still open.</summary>
sealed class BenchRun(BenchTarget target, Workload workload, Load load, TimeProvider time)
{
    static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <param name="round">For the report.</param>
    /// <param name="watch">Called every second.</param>
    /// <param name="cancellation">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="MlConnectionException">Nobody listens there.</exception>
    public async Task<RunReport> RunAsync(int round, Action<Progress> watch, CancellationToken cancellation)
    {
        await AskFirstAsync(cancellation);
        await using var memory = new ServerMemory(target);
        var recorder = new Recorder(workload.Mix, time, load.IsOpen, load.Count);
        long begun = time.GetTimestamp();
        long from = begun + Ticks(load.Ramp + load.WarmUp);
        recorder.Measure(from, load.Count is null ? from + Ticks(load.Duration) : long.MaxValue);
        Driver driver = load.IsOpen
            ? new OpenLoop(target, workload, recorder, load, time)
            : new ClosedLoop(target, workload, recorder, load, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task driving = driver.RunAsync(begun, stop.Token, cancellation);
        Task over = OverAsync(recorder, from, cancellation);
        var moments = new List<Moment>();
        long last = begun;
        while (true)
        {
            await Task.WhenAny(driving, Task.Delay(s_interval - TimeSpan.FromTicks(time.GetElapsedTime(begun).Ticks % s_interval.Ticks), time, CancellationToken.None), over);
            if (over.IsCompleted)
            {
                await stop.CancelAsync();
                await Task.WhenAny(driving, Task.Delay(s_interval, time, CancellationToken.None));
            }

            long now = time.GetTimestamp();
            moments.Add(MomentOf(recorder, driver, last, now, await memory.ReadAsync(CancellationToken.None)));
            last = now;
            var report = new RunReport
            {
                Target = target.Name, Round = round, Seconds = recorder.Seconds(), Endpoints = recorder.Report(), Moments = moments,
                IsCutShort = cancellation.IsCancellationRequested,
            };
            watch(new Progress(report, time.GetElapsedTime(begun)));
            if (driving.IsCompleted)
            {
                await driving;
                return report;
            }
        }
    }

    /// <summary>So that a wrong address is told at once, and loading models is no part of anything that is measured.</summary>
    async Task AskFirstAsync(CancellationToken cancellation)
    {
        await using BenchPeer peer = target.Open();
        bool[] asked = new bool[workload.Mix.Endpoints.Length];
        for (long number = 0; asked.Contains(false); number++)
        {
            Call call = workload[number];
            if (asked[call.Index])
            {
                continue;
            }

            asked[call.Index] = true;

            try
            {
                await peer.AskAsync(call, cancellation);
            }
            catch (Exception e) when (FaultCode.Of(e) is { } code)
            {
                if (code == FaultCode.NoConnection)
                {
                    throw new MlConnectionException(e.Message, e);
                }
            }
        }
    }

    async Task OverAsync(Recorder recorder, long from, CancellationToken cancellation)
    {
        try
        {
            TimeSpan until = time.GetElapsedTime(time.GetTimestamp(), from) + load.Duration;
            await (load.Count is null ? Task.Delay(until, time, cancellation) : recorder.Filled.WaitAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The run is cut short.
        }
    }

    Moment MomentOf(Recorder recorder, Driver driver, long since, long now, MemoryReading memory)
    {
        EndpointCounts cut = recorder.CutInterval();
        double seconds = (now - recorder.From) / (double)time.TimestampFrequency;
        double length = Math.Max(1e-6, time.GetElapsedTime(since, now).TotalSeconds);
        return new Moment
        {
            Seconds = seconds, Length = length, Answered = cut.Latency.Count, Errors = cut.Errors, P50 = cut.Latency.Percentile(0.5),
            P99 = cut.Latency.Percentile(0.99), InFlight = driver.InFlight, MemoryBytes = memory.Resident, Runtime = memory.Runtime,
        };
    }

    long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
