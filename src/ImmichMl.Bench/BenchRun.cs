namespace ImmichMl.Bench;

/// <summary>How a run stands, for whoever watches it: what is counted so far, and the last second.</summary>
public sealed record Progress(RunReport SoFar, TimeSpan Elapsed);

/// <summary>One load on one target: a first request of each kind, ramp, warm-up, what is measured, and the wait for what is open.</summary>
public sealed class BenchRun(BenchTarget target, Workload workload, Load load, TimeProvider time)
{
    static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <param name="round">For the report.</param>
    /// <param name="watch">Called every second.</param>
    /// <param name="cancellation">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="MlConnectionException">Nobody listens there.</exception>
    /// <exception cref="InvalidOperationException">A fault of this program ended the load.</exception>
    public async Task<RunReport> RunAsync(int round, Action<Progress> watch, CancellationToken cancellation)
    {
        await using BenchConnections server = target.Connect(load.Slots);
        await AskFirstAsync(server, cancellation);
        await using var memory = new ServerMemory(target);
        long begun = time.GetTimestamp();
        long from = begun + Ticks(load.Ramp + load.WarmUp);
        var recorder = new Recorder(workload.Mix, time, load, from, load.Count is null ? from + Ticks(load.Duration) : long.MaxValue);
        using var driver = new Driver(server, workload, recorder, load, time);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(abandon.Token);
        Task driving = driver.RunAsync(begun, stop.Token, abandon.Token);
        Task over = load.Count is null ? Task.Delay(load.Ramp + load.WarmUp + load.Duration, time, abandon.Token) : recorder.Filled;
        var moments = new List<Moment>();
        long last = begun;
        try
        {
            while (true)
            {
                TimeSpan left = s_interval - TimeSpan.FromTicks(time.GetElapsedTime(begun).Ticks % s_interval.Ticks);
                await Task.WhenAny(driving, Task.Delay(left, time, CancellationToken.None), over);
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
        finally
        {
            // What watches may throw: nothing is left running on connections that are closed now.
            await abandon.CancelAsync();
            await Task.WhenAny(driving);
        }
    }

    /// <summary>So that a wrong address is told at once, and loading models is no part of anything that is measured.</summary>
    async Task AskFirstAsync(BenchConnections server, CancellationToken cancellation)
    {
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
                await server.AskAsync(0, call, cancellation);
            }
            catch (Exception e) when (FaultCode.Of(e) is FaultCode.NoConnection)
            {
                throw new MlConnectionException(e.Message, e);
            }
            catch (Exception e) when (FaultCode.Of(e) is not null)
            {
                // It will be counted when it is measured.
            }
        }
    }

    Moment MomentOf(Recorder recorder, Driver driver, long since, long now, MemoryReading memory)
    {
        EndpointReport cut = recorder.CutInterval();
        return new Moment
        {
            Seconds = (now - recorder.From) / (double)time.TimestampFrequency,
            Length = Math.Max(1e-6, time.GetElapsedTime(since, now).TotalSeconds),
            Answered = cut.Latency.Count, Errors = cut.Errors, P50 = cut.Latency.P50, P99 = cut.Latency.P99, InFlight = driver.InFlight,
            MemoryBytes = memory.Resident, Runtime = memory.Runtime,
        };
    }

    long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
