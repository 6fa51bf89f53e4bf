namespace ImmichMl.Inference.Faces;

/// <summary>Of boxes that overlap, the one with the highest score stays.</summary>
public static class NonMaximumSuppression
{
    /// <summary>Nobody's picture has more faces; a threshold of 0 would give thousands.</summary>
    public const int MaxKept = 1000;

    // Two areas that come to no more cover one another, as OpenCV has it.
    const double Nothing = 2.220446049250313e-16;

    /// <param name="faces">Highest score first.</param>
    /// <param name="threshold">Intersection over union above which the lower score goes.</param>
    /// <param name="overlap">How that is calculated.</param>
    /// <returns>Those that stay, in the same order, <see cref="MaxKept"/> at most.</returns>
    public static List<FaceCandidate> Apply(ReadOnlySpan<FaceCandidate> faces, float threshold, BoxOverlap overlap)
    {
        var kept = new List<FaceCandidate>();
        foreach (FaceCandidate face in faces)
        {
            bool covered = false;
            for (int i = 0; i < kept.Count && !covered; i++)
            {
                covered = !(OverlapOf(kept[i].Box, face.Box, overlap) <= threshold);
            }

            if (!covered)
            {
                kept.Add(face);
                if (kept.Count == MaxKept)
                {
                    break;
                }
            }
        }

        return kept;
    }

    static float OverlapOf(in FaceBox a, in FaceBox b, BoxOverlap overlap)
    {
        if (overlap == BoxOverlap.WithEdges)
        {
            float shared = Math.Max(0, Math.Min(a.X2, b.X2) - Math.Max(a.X1, b.X1) + 1)
                * Math.Max(0, Math.Min(a.Y2, b.Y2) - Math.Max(a.Y1, b.Y1) + 1);
            return shared / (AreaWithEdges(a) + AreaWithEdges(b) - shared);
        }

        // Corner and size are float32 there, what follows is double, and one minus the overlap is rounded to float32.
        double aw = a.X2 - a.X1, ah = a.Y2 - a.Y1, bw = b.X2 - b.X1, bh = b.Y2 - b.Y1, both = (aw * ah) + (bw * bh);
        double width = Math.Min(a.X1 + aw, b.X1 + bw) - Math.Max(a.X1, b.X1);
        double height = Math.Min(a.Y1 + ah, b.Y1 + bh) - Math.Max(a.Y1, b.Y1);
        double inter = width > 0 && height > 0 ? width * height : 0;
        return both <= Nothing ? 1 : 1 - (float)(1 - (inter / (both - inter)));
    }

    static float AreaWithEdges(in FaceBox box) => (box.X2 - box.X1 + 1) * (box.Y2 - box.Y1 + 1);
}
