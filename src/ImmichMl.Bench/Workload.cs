namespace ImmichMl.Bench;

/// <summary>One request to make: of which endpoint, and with what.</summary>
readonly record struct Call(int Index, Endpoint Endpoint, byte[]? Image, string? Text);

/// <summary>The sequence of requests, the same whenever it is asked for: pictures and queries come round in their order.</summary>
public sealed class Workload(Mix mix, IReadOnlyList<byte[]> pictures, IReadOnlyList<string> queries)
{
    public Mix Mix => mix;

    public int Pictures => pictures.Count;

    public int Queries => queries.Count;

    internal Call this[long number]
    {
        get
        {
            (int index, long earlier) = mix[number];
            Endpoint endpoint = mix.Endpoints[index];
            return endpoint.TakesText
                ? new Call(index, endpoint, null, queries[(int)(earlier % queries.Count)])
                : new Call(index, endpoint, pictures[(int)(earlier % pictures.Count)], null);
        }
    }
}
