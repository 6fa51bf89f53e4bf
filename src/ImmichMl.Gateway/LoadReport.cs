namespace ImmichMl.Gateway;

/// <summary>
/// How busy we are, for balancers: in every answer as Envoy reads it (ORCA's <c>endpoint-load-metrics</c>, text form), and as a line for
/// HAProxy's agent-check. It is reckoned from our own open predictions, so that no answer waits for a question to the daemon.
/// </summary>
sealed class LoadReport(UploadBudget budget, Traffic traffic, DaemonLink daemon, TimeProvider time)
{
    public const string Header = "endpoint-load-metrics";

    /// <summary>The daemon's number of slots changes with its restarts alone.</summary>
    static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    int _capacity = Environment.ProcessorCount;
    long _askedAt;
    int _isAsking;

    /// <summary>Predictions that the daemon works on at once; until it has said so, the processors that are here.</summary>
    public int Capacity => Volatile.Read(ref _capacity);

    /// <summary>Open predictions over capacity: 1 is all slots taken, and what is over 1 waits.</summary>
    public double Utilization => (double)budget.Open / Capacity;

    public int Waiting => Math.Max(0, budget.Open - Capacity);

    /// <summary>The header's value.</summary>
    public string Text()
    {
        LearnCapacity();
        return Orca(Utilization, traffic.Rate(), Waiting);
    }

    public static string Orca(double utilization, double rate, int waiting) => string.Create(CultureInfo.InvariantCulture,
        $"TEXT application_utilization={utilization:0.###}, rps_fractional={rate:0.###}, named_metrics.queue={waiting}");

    /// <summary>
    /// HAProxy's words. The weight falls from 100 % with nothing open to 50 % with all slots taken, and never to 0, which would be a drain;
    /// "ready" takes back the drain that an earlier process asked for.
    /// </summary>
    public static string Agent(bool isDraining, bool isUp, double utilization) => isDraining ? "drain\n" : !isUp ? "down\n"
        : string.Create(CultureInfo.InvariantCulture, $"up {Math.Max(1, Math.Round(100 / (1 + utilization))):0}% ready\n");

    void LearnCapacity()
    {
        long asked = Interlocked.Read(ref _askedAt);
        if ((asked == 0 || time.GetElapsedTime(asked) > s_fresh) && Interlocked.Exchange(ref _isAsking, 1) == 0)
        {
            _ = AskAsync();
        }
    }

    async Task AskAsync()
    {
        try
        {
            Interlocked.Exchange(ref _askedAt, time.GetTimestamp());
            if ((await daemon.Questions.GetStatsAsync()).Slots is { Background.Capacity: > 0 and var slots })
            {
                Volatile.Write(ref _capacity, slots);
            }
        }
        catch (Exception e) when (DaemonState.IsSilence(e) || e is ObjectDisposedException or OperationCanceledException)
        {
            // It stays what it was; a minute later it is asked again.
        }
        finally
        {
            Volatile.Write(ref _isAsking, 0);
        }
    }
}
