namespace ImmichMl.Inference;

/// <summary>
/// How far two sets of embeddings of the same things are apart: the cosine of each pair, and how many of the nearest neighbours that one
/// set finds the other finds too. The second is what a user of search notices.
/// </summary>
/// <param name="Count">Pairs.</param>
/// <param name="WorstCosine">Of all pairs.</param>
/// <param name="LowCosine">The 1st percentile: a hundredth of the pairs, rounded down, lies under it.</param>
/// <param name="MeanCosine">Of all pairs.</param>
/// <param name="Neighbours">Asked for of each: 10, or all others if fewer; 0 for a single pair.</param>
/// <param name="Overlap">Share of them that are the same where each set is asked about itself.</param>
/// <param name="Mixed">The same where the other set asks about the reference: what becomes of a library that is there already.</param>
public sealed record EmbeddingParity(
    int Count, double WorstCosine, double LowCosine, double MeanCosine, int Neighbours, double Overlap, double Mixed)
{
    public static EmbeddingParity Of(IReadOnlyList<float[]> reference, IReadOnlyList<float[]> other)
    {
        double[] cosines = [.. reference.Zip(other, Cosine).Order()];
        var search = SearchParity.OfThemselves(reference, other);
        int k = search.Neighbours;
        return new EmbeddingParity(
            reference.Count, cosines[0], cosines[reference.Count / 100], cosines.Average(), k,
            k == 0 ? 1 : search.Share(search.Pure, k), k == 0 ? 1 : search.Share(search.Mixed, k));
    }

    /// <summary>0 where they are not of one length.</summary>
    public static double Cosine(float[] a, float[] b) => a.Length == b.Length ? TensorPrimitives.CosineSimilarity<float>(a, b) : 0;

    /// <summary>The nearest in a set, most alike first.</summary>
    /// <param name="asked">What is looked for.</param>
    /// <param name="all">The set.</param>
    /// <param name="of">The place in it that does not count; -1: all do.</param>
    /// <param name="k">How many.</param>
    public static IEnumerable<int> Nearest(float[] asked, IReadOnlyList<float[]> all, int of, int k) =>
        Enumerable.Range(0, all.Count).Where(i => i != of).OrderByDescending(i => Cosine(asked, all[i])).ThenBy(i => i).Take(k);
}
