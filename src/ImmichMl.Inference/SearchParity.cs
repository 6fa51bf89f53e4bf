namespace ImmichMl.Inference;

/// <summary>
/// What queries find among documents where all embeddings are of the reference, which counts as the truth; where all are of another set
/// (pure); and where the other's queries ask about the reference's documents (mixed), as a library that is there already is searched.
/// </summary>
public sealed class SearchParity
{
    SearchParity(int candidates, int[][] reference, int[][] pure, int[][] mixed) =>
        (Candidates, Reference, Pure, Mixed) = (candidates, reference, pure, mixed);

    /// <summary>Documents that a query may find: all, or all but itself.</summary>
    public int Candidates { get; }

    /// <summary>For each query the places of the nearest documents, most alike first.</summary>
    public IReadOnlyList<int[]> Reference { get; }

    /// <inheritdoc cref="Reference"/>
    public IReadOnlyList<int[]> Pure { get; }

    /// <inheritdoc cref="Reference"/>
    public IReadOnlyList<int[]> Mixed { get; }

    /// <summary>Looked for at most.</summary>
    public const int MostNeighbours = 10;

    /// <summary>Looked for.</summary>
    public int Neighbours => Math.Min(MostNeighbours, Candidates);

    /// <summary>Everything is asked about all the others.</summary>
    public static SearchParity OfThemselves(IReadOnlyList<float[]> reference, IReadOnlyList<float[]> other) =>
        Of(reference, other, reference, other, areDocuments: true);

    /// <summary>Queries are asked about documents, of which they are none.</summary>
    public static SearchParity Of(
        IReadOnlyList<float[]> queries, IReadOnlyList<float[]> otherQueries, IReadOnlyList<float[]> documents,
        IReadOnlyList<float[]> otherDocuments) => Of(queries, otherQueries, documents, otherDocuments, areDocuments: false);

    static SearchParity Of(
        IReadOnlyList<float[]> queries, IReadOnlyList<float[]> otherQueries, IReadOnlyList<float[]> documents,
        IReadOnlyList<float[]> otherDocuments, bool areDocuments)
    {
        int candidates = documents.Count - (areDocuments ? 1 : 0), k = Math.Min(MostNeighbours, candidates);
        int[][] Nearest(IReadOnlyList<float[]> asked, IReadOnlyList<float[]> all)
        {
            var found = new int[k < 1 ? 0 : asked.Count][];
            for (int i = 0; i < found.Length; i++)
            {
                found[i] = [.. EmbeddingParity.Nearest(asked[i], all, areDocuments ? i : -1, k)];
            }

            return found;
        }

        return new SearchParity(
            Math.Max(0, candidates), Nearest(queries, documents), Nearest(otherQueries, otherDocuments), Nearest(otherQueries, documents));
    }

    /// <summary>Share of the reference's k nearest that are among the k nearest still, on average over the queries.</summary>
    /// <returns>Null where it would be 1 whatever is found: nobody asks, or there are no more than k to find.</returns>
    public double? PureRecall(int k) => Recall(Pure, k);

    /// <inheritdoc cref="PureRecall"/>
    public double? MixedRecall(int k) => Recall(Mixed, k);

    double? Recall(IReadOnlyList<int[]> found, int k) => Reference.Count == 0 || k >= Candidates || k > Neighbours ? null : Share(found, k);

    internal double Share(IReadOnlyList<int[]> found, int k)
    {
        double same = 0;
        for (int query = 0; query < Reference.Count; query++)
        {
            ReadOnlySpan<int> other = found[query].AsSpan(0, k);
            foreach (int document in Reference[query].AsSpan(0, k))
            {
                same += other.Contains(document) ? 1 : 0;
            }
        }

        return same / k / Reference.Count;
    }

    /// <summary>How much a query's nearest change from the reference's to <see cref="Pure"/>'s.</summary>
    /// <param name="query">Its place.</param>
    /// <returns>How many are no longer among them, and by how many places all others move together.</returns>
    public (int Lost, int Moved) ChangeOf(int query)
    {
        int lost = 0, moved = 0;
        for (int place = 0; place < Reference[query].Length; place++)
        {
            int now = Array.IndexOf(Pure[query], Reference[query][place]);
            lost += now < 0 ? 1 : 0;
            moved += now < 0 ? 0 : Math.Abs(now - place);
        }

        return (lost, moved);
    }
}
