namespace ImmichMl.Inference.Faces;

/// <summary>Of boxes that overlap, the one with the highest score stays. Areas count both edge pixels, as InsightFace's do.</summary>
public static class NonMaximumSuppression
{
    /// <summary>Nobody's picture has more faces; a threshold of 0 would give thousands.</summary>
    public const int MaxKept = 1000;

    /// <param name="faces">Highest score first.</param>
    /// <param name="threshold">Intersection over union above which the lower score goes.</param>
    /// <returns>Those that stay, in the same order, <see cref="MaxKept"/> at most.</returns>
    public static List<FaceCandidate> Apply(ReadOnlySpan<FaceCandidate> faces, float threshold)
    {
        var kept = new List<FaceCandidate>();
        var areas = new List<float>();
        foreach (FaceCandidate face in faces)
        {
            float area = Area(face.Box);
            bool covered = false;
            for (int i = 0; i < kept.Count && !covered; i++)
            {
                float shared = Shared(kept[i].Box, face.Box);
                covered = !(shared / (areas[i] + area - shared) <= threshold);
            }

            if (!covered)
            {
                kept.Add(face);
                areas.Add(area);
                if (kept.Count == MaxKept)
                {
                    break;
                }
            }
        }

        return kept;
    }

    static float Area(FaceBox box) => (box.X2 - box.X1 + 1) * (box.Y2 - box.Y1 + 1);

    static float Shared(FaceBox a, FaceBox b)
    {
        float width = Math.Max(0, Math.Min(a.X2, b.X2) - Math.Max(a.X1, b.X1) + 1);
        float height = Math.Max(0, Math.Min(a.Y2, b.Y2) - Math.Max(a.Y1, b.Y1) + 1);
        return width * height;
    }
}
