using System.Collections.Concurrent;

namespace ImmichMl.Gateway;

/// <summary>An error as the page shows it: when and which, never about what.</summary>
readonly record struct RecentError(DateTimeOffset At, string Path, int Status, string Code);

/// <summary>What happened at /predict in one slot of time.</summary>
readonly record struct TrafficSlot(long Number, int Requests, int Errors, double SumMs, double MaxMs);

/// <summary>What the gateway itself has seen, in bounded memory: counters, the last minutes in slots, the last errors.</summary>
sealed class Traffic(TimeProvider time)
{
    public const int Slots = 120;
    const int MostErrors = 50;
    const int RateSlots = 3;

    /// <summary>Paths are the caller's words: only ours may become keys.</summary>
    static readonly string[] s_paths = ["/", "/ping", "/ready", "/metrics", "/status", "/status.json", "/openapi.json", "/predict",
        "/v2", "/v2/health/live", "/v2/health/ready"];

    readonly ConcurrentDictionary<(string Path, int Status, string Code), long> _counts = new();
    readonly Queue<RecentError> _errors = new();
    readonly TrafficSlot[] _slots = new TrafficSlot[Slots];
    readonly Lock _lock = new();

    public static TimeSpan SlotLength { get; } = TimeSpan.FromSeconds(5);

    public IEnumerable<KeyValuePair<(string Path, int Status, string Code), long>> Counts => _counts;

    public void Count(string path, int status, string code, double milliseconds)
    {
        string known = s_paths.Contains(path) ? path : "other";
        _counts.AddOrUpdate((known, status, code), 1, (_, count) => count + 1);
        lock (_lock)
        {
            if (status >= 400 && known != "other")
            {
                _errors.Enqueue(new RecentError(time.GetUtcNow(), known, status, code));
                if (_errors.Count > MostErrors)
                {
                    _errors.Dequeue();
                }
            }

            if (known == "/predict")
            {
                long number = SlotNow();
                ref TrafficSlot slot = ref _slots[number % Slots];
                slot = slot.Number == number ? slot : new TrafficSlot(number, 0, 0, 0, 0);
                slot = new TrafficSlot(
                    number, slot.Requests + 1, slot.Errors + (status >= 400 ? 1 : 0), slot.SumMs + milliseconds,
                    Math.Max(slot.MaxMs, milliseconds));
            }
        }
    }

    /// <summary>The last ten minutes, oldest first, the slot that is still filling last.</summary>
    public TrafficSlot[] History()
    {
        lock (_lock)
        {
            long now = SlotNow();
            return [.. Enumerable.Range(0, Slots).Select(i => now - Slots + 1 + i).Select(number =>
                number >= 0 && _slots[number % Slots] is var slot && slot.Number == number ? slot : new TrafficSlot(number, 0, 0, 0, 0))];
        }
    }

    /// <summary>Newest first.</summary>
    public RecentError[] Errors()
    {
        lock (_lock)
        {
            return [.. _errors.Reverse()];
        }
    }

    /// <summary>Answers a second at /predict, over the last three slots that are full.</summary>
    public double Rate()
    {
        lock (_lock)
        {
            long now = SlotNow();
            int answered = 0;
            for (long number = Math.Max(0, now - RateSlots); number < now; number++)
            {
                answered += _slots[number % Slots] is var slot && slot.Number == number ? slot.Requests : 0;
            }

            return answered / (RateSlots * SlotLength.TotalSeconds);
        }
    }

    long SlotNow() => time.GetUtcNow().ToUnixTimeMilliseconds() / (long)SlotLength.TotalMilliseconds;
}
