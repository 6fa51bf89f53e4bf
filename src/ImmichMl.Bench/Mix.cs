namespace ImmichMl.Bench;

/// <summary>Which endpoint each request asks: a stretch as long as all weights holds each as often as it weighs, well spread.</summary>
public sealed class Mix
{
    public const int MaxWeight = 1000;

    readonly int[] _turns;
    readonly int[] _before;

    public Mix(Endpoint[] endpoints)
    {
        Endpoints = endpoints;
        int total = endpoints.Sum(endpoint => endpoint.Weight);
        int[] credit = new int[endpoints.Length], seen = new int[endpoints.Length];
        (_turns, _before) = (new int[total], new int[total]);
        for (int turn = 0; turn < total; turn++)
        {
            // Each gains its weight, who has most goes and pays for all.
            int chosen = 0;
            for (int i = 0; i < credit.Length; i++)
            {
                credit[i] += endpoints[i].Weight;
                chosen = credit[i] > credit[chosen] ? i : chosen;
            }

            credit[chosen] -= total;
            (_turns[turn], _before[turn]) = (chosen, seen[chosen]++);
        }
    }

    public Endpoint[] Endpoints { get; }

    /// <summary>The endpoint of a request, and how many of the same kind came before it.</summary>
    public (int Endpoint, long Earlier) this[long number]
    {
        get
        {
            (long round, long turn) = Math.DivRem(number, _turns.Length);
            return (_turns[turn], (round * Endpoints[_turns[turn]].Weight) + _before[turn]);
        }
    }

    /// <summary>Reads <c>image=4 faces text=1</c>; no weight is 1.</summary>
    /// <exception cref="FormatException">It is not of that form.</exception>
    public static Mix Read(IReadOnlyList<string> words, EndpointOptions options)
    {
        var endpoints = new List<Endpoint>();
        foreach (string word in words)
        {
            string[] parts = word.Split('=');
            int weight = 1;
            if (parts.Length > 2 || (parts.Length == 2
                && !(int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out weight)
                    && weight is > 0 and <= MaxWeight)))
            {
                throw new FormatException($"'{word}' is not ENDPOINT or ENDPOINT=WEIGHT with a weight of 1 to {MaxWeight}.");
            }

            Endpoint endpoint = options.Describe(parts[0], weight);
            if (endpoints.Any(other => other.Name == endpoint.Name))
            {
                throw new FormatException($"'{endpoint.Name}' stands in the mix twice.");
            }

            endpoints.Add(endpoint);
        }

        return new Mix([.. endpoints]);
    }

    public override string ToString() =>
        Endpoints.Length == 1 ? Endpoints[0].Name : string.Join(' ', Endpoints.Select(endpoint => $"{endpoint.Name}={endpoint.Weight}"));
}
