namespace ImmichMl.Bench;

/// <summary>
/// Takes down what became of every request. In a closed loop those count that were answered within the measured time: throughput is then
/// free of what happens at its edges. In an open loop those count that were meant to start within it, however late they are answered.
/// </summary>
sealed class Recorder(Mix mix, TimeProvider time, Load load, long from, long until)
{
    readonly Lock _lock = new();
    readonly EndpointReport[] _endpoints = [.. mix.Endpoints.Select(endpoint => new EndpointReport(endpoint.Name))];
    readonly TaskCompletionSource _filled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    EndpointReport _interval = new("");
    long _counted;
    long _last;

    /// <summary>Completes once the limit of counted requests is reached.</summary>
    public Task Filled => _filled.Task;

    /// <summary>Timestamp of the first moment that counts.</summary>
    public long From => from;

    public void Answered(Call call, long intended, long started, Timings? timings)
    {
        long now = time.GetTimestamp();
        double latency = Milliseconds(intended, now);
        lock (_lock)
        {
            _interval.Latency.Add(latency);
            if (Counts(intended, now))
            {
                _endpoints[call.Index].Add(latency, Milliseconds(started, now), timings);
            }
        }
    }

    public void Failed(Call call, long intended, string code)
    {
        lock (_lock)
        {
            _interval.Fail(code);
            if (Counts(intended, time.GetTimestamp()))
            {
                _endpoints[call.Index].Fail(code);
            }
        }
    }

    /// <summary>What happened since the last call, counted or not.</summary>
    public EndpointReport CutInterval()
    {
        lock (_lock)
        {
            EndpointReport cut = _interval;
            _interval = new EndpointReport("");
            return cut;
        }
    }

    /// <summary>How things stand, by endpoint in the order of the mix.</summary>
    public EndpointReport[] Report()
    {
        lock (_lock)
        {
            return [.. _endpoints.Select(one => EndpointReport.Sum(one.Name, one)), EndpointReport.Sum("all", _endpoints)];
        }
    }

    /// <summary>Seconds that the counted requests took together.</summary>
    public double Seconds()
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            if (from > now)
            {
                return 0;
            }

            // Of a closed loop all the time was measured; an open loop is over when its last request is.
            long end = Filled.IsCompleted ? _last : load.IsOpen ? Math.Max(_last, Math.Min(until, now)) : Math.Min(now, until);
            return time.GetElapsedTime(from, end).TotalSeconds;
        }
    }

    bool Counts(long intended, long now)
    {
        long moment = load.IsOpen ? intended : now;
        if (moment < from || moment >= until || _counted >= (load.Count ?? long.MaxValue))
        {
            return false;
        }

        _last = Math.Max(_last, now);
        if (++_counted == load.Count)
        {
            _filled.TrySetResult();
        }

        return true;
    }

    double Milliseconds(long from, long to) => time.GetElapsedTime(from, to).TotalMilliseconds;
}
