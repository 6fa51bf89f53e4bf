using System.Buffers;

namespace ImmichMl.Graphs;

/// <summary>
/// Where the weights of a saved graph lie in the file beside it. Kernels read packed weights with aligned loads, and ONNX Runtime pads
/// only between large ones: one odd length misaligns all that follow, so the file is laid anew where need be.
/// </summary>
public static class ExternalWeights
{
    const int CacheLine = 64;
    const int Page = 4096;

    /// <summary>True when every region begins on a cache line.</summary>
    public static bool AreAligned(string graph)
    {
        bool aligned = true;
        OnnxWeightFields.Rewrite(File.ReadAllBytes(graph), region =>
        {
            aligned &= region.Offset % CacheLine == 0;
            return region.Offset;
        });
        return aligned;
    }

    /// <summary>
    /// Copies every region to an aligned offset and tells the graph; large ones get pages of their own. Packed weights come behind all
    /// others:
    /// the session that answers first does without them.
    /// </summary>
    /// <returns>Where the packed ones begin.</returns>
    /// <exception cref="InvalidDataException">The graph names a region that is not in the file.</exception>
    public static long Align(string graph, string weights)
    {
        byte[] model = File.ReadAllBytes(graph);
        var regions = new List<ExternalRegion>();
        OnnxWeightFields.Rewrite(model, region =>
        {
            regions.Add(region);
            return region.Offset;
        });
        string aside = weights + ".new";
        var offsets = new Dictionary<ExternalRegion, long>();
        long split = 0;
        using (FileStream from = File.OpenRead(weights))
        using (FileStream to = File.Create(aside))
        {
            foreach (ExternalRegion region in regions.Distinct().OrderBy(region => region.IsPacked))
            {
                int step = region.Length < Page ? CacheLine : Page;
                long offset = (to.Position + step - 1) / step * step;
                split = region.IsPacked ? split : offset + region.Length;
                offsets[region] = offset;
                to.SetLength(offset);
                to.Position = offset;
                Copy(from, region, to);
            }
        }

        File.Move(aside, weights, overwrite: true);
        File.WriteAllBytes(graph, OnnxWeightFields.Rewrite(model, region => offsets[region]));
        return split;
    }

    /// <exception cref="InvalidDataException">The region is not in the file.</exception>
    internal static void Copy(FileStream from, ExternalRegion region, FileStream to)
    {
        if (region.Offset < 0 || region.Length < 0 || region.Offset > from.Length - region.Length)
        {
            throw new InvalidDataException("A weight lies outside of its file.");
        }

        from.Position = region.Offset;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            for (long left = region.Length; left > 0;)
            {
                int read = from.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
                to.Write(buffer, 0, read > 0 ? read : throw new EndOfStreamException());
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
