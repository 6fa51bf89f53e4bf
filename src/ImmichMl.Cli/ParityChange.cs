using ImmichMl.Inference;

namespace ImmichMl.Cli;

/// <summary>What is different between two sides of one subject.</summary>
/// <param name="Before">Faces, texts or pictures of the first side.</param>
/// <param name="After">Of the second.</param>
/// <param name="Pairs">Those of both in the same place: whose rectangles cover one another by more than half.</param>
sealed record ParityChange(int Before, int After, IReadOnlyList<(Found Before, Found After)> Pairs)
{
    /// <summary>An embedding changes where the cosine is under this: what rounding does is far over it, and no search notices.</summary>
    public const double LeastCosine = 0.999;

    public int MovedBoxes { get; } = Pairs.Count(pair => !pair.Before.Corners.SequenceEqual(pair.After.Corners));

    public int ChangedTexts { get; } = Pairs.Count(pair => pair.Before.Text != pair.After.Text);

    public int ChangedEmbeddings { get; } = Pairs.Count(
        pair => pair is { Before.Embedding: { } before, After.Embedding: { } after }
            && EmbeddingParity.Cosine(before, after) < LeastCosine);

    /// <summary>Null where nothing of both sides has an embedding.</summary>
    public EmbeddingParity? Embeddings { get; } = Pairs is [{ Before.Embedding: not null }, ..]
        ? EmbeddingParity.Of([.. Pairs.Select(pair => pair.Before.Embedding!)], [.. Pairs.Select(pair => pair.After.Embedding!)])
        : null;

    public static ParityChange Of(IReadOnlyList<Found> before, IReadOnlyList<Found> after)
    {
        ILookup<int, Found> others = after.ToLookup(found => found.Picture);
        var taken = new HashSet<Found>(ReferenceEqualityComparer.Instance);
        var pairs = new List<(Found, Found)>();
        foreach (Found one in before)
        {
            if (others[one.Picture].Where(other => !taken.Contains(other)).MaxBy(other => Overlap(one, other)) is { } nearest
                && Overlap(one, nearest) > 0.5)
            {
                taken.Add(nearest);
                pairs.Add((one, nearest));
            }
        }

        return new ParityChange(before.Count, after.Count, pairs);
    }

    /// <summary>Of the upright rectangles around them, what both cover of what either covers; 1 for whole pictures.</summary>
    static double Overlap(Found one, Found other)
    {
        if (one.Corners.Length == 0)
        {
            return 1;
        }

        var (a, b) = (Around(one.Corners), Around(other.Corners));
        double both = Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left))
            * Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top));
        return both / (((a.Right - a.Left) * (a.Bottom - a.Top)) + ((b.Right - b.Left) * (b.Bottom - b.Top)) - both);
    }

    static (double Left, double Top, double Right, double Bottom) Around(float[] corners)
    {
        float[] x = [.. corners.Where((_, i) => i % 2 == 0)], y = [.. corners.Where((_, i) => i % 2 == 1)];
        return (x.Min(), y.Min(), x.Max(), y.Max());
    }
}
