namespace ImmichMl.Inference.Scheduling;

/// <summary>How long one request takes of the daemon's time while it is busy: a moving average over the last 20 or so.</summary>
sealed class AnswerRate(TimeProvider time)
{
    const double Weight = 0.1;

    static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_most = TimeSpan.FromSeconds(60);

    long _since;
    bool _isBusy;
    double _milliseconds = 100;

    /// <summary>One is done.</summary>
    /// <param name="isBusy">Others wait or are in work: the time up to the next counts.</param>
    public void Done(bool isBusy)
    {
        long now = time.GetTimestamp();
        if (_isBusy)
        {
            _milliseconds += Weight * (time.GetElapsedTime(_since, now).TotalMilliseconds - _milliseconds);
        }

        _since = now;
        _isBusy = isBusy;
    }

    /// <summary>How long a number of requests will take, within what a peer may sensibly be told.</summary>
    public TimeSpan TimeFor(int requests)
    {
        double milliseconds = Math.Clamp(requests * _milliseconds, s_least.TotalMilliseconds, s_most.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Ceiling(milliseconds));
    }
}
