namespace ImmichMl.Cli;

/// <summary>
/// How far two sets of embeddings of the same things are apart: the cosine of each pair, and how many of the nearest neighbours that one
/// set finds the other finds too. The second is what a user of search notices.
/// </summary>
sealed record EmbeddingParity(int Count, double WorstCosine, double MeanCosine, int Neighbours, double Overlap)
{
    const int MostNeighbours = 10;

    public static EmbeddingParity Of(IReadOnlyList<float[]> reference, IReadOnlyList<float[]> other)
    {
        double[] cosines = [.. reference.Zip(other, Cosine)];
        int k = Math.Min(MostNeighbours, reference.Count - 1);
        double overlap = k < 1 ? 1 : Enumerable.Range(0, reference.Count)
            .Average(i => Nearest(reference, i, k).Intersect(Nearest(other, i, k)).Count() / (double)k);
        return new EmbeddingParity(reference.Count, cosines.Min(), cosines.Average(), k, overlap);
    }

    /// <summary>0 where they are not of one length.</summary>
    public static double Cosine(float[] a, float[] b) => a.Length == b.Length ? TensorPrimitives.CosineSimilarity<float>(a, b) : 0;

    static IEnumerable<int> Nearest(IReadOnlyList<float[]> all, int of, int k) => Enumerable.Range(0, all.Count).Where(i => i != of)
        .OrderByDescending(i => TensorPrimitives.CosineSimilarity<float>(all[of], all[i])).ThenBy(i => i).Take(k);
}
