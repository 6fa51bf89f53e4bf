namespace ImmichMl.Inference.Faces;

/// <summary>
/// Arrays for the embeddings of faces: a group's would be most of what a request allocates. Who has written an answer may give its arrays
/// back; one that is not given back is collected like any other. One length at a time is kept, that of the recognizer in use.
/// </summary>
public static class EmbeddingPool
{
    /// <summary>What a few groups have.</summary>
    const int MostKept = 128;

    static readonly Lock s_lock = new();
    static readonly Stack<float[]> s_free = new(MostKept);

    /// <summary>An array of just that length; it holds anything.</summary>
    internal static float[] Rent(int length)
    {
        lock (s_lock)
        {
            if (s_free.TryPeek(out float[]? free) && free.Length == length)
            {
                return s_free.Pop();
            }
        }

        return new float[length];
    }

    /// <summary>Nobody else may have it any more.</summary>
    public static void Return(float[] embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        lock (s_lock)
        {
            if (s_free.TryPeek(out float[]? free) && free.Length != embedding.Length)
            {
                s_free.Clear();
            }

            if (s_free.Count < MostKept)
            {
                s_free.Push(embedding);
            }
        }
    }
}
