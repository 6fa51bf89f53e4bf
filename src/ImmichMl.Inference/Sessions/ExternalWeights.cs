using System.Buffers;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Where the weights of a saved graph lie in the file beside it. Kernels read packed weights with aligned loads, and ONNX Runtime pads
/// only between large ones: one odd length misaligns all that follow, so the file is laid anew where need be.
/// </summary>
static class ExternalWeights
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

    /// <summary>Copies every region to an aligned place and tells the graph; large ones get pages of their own.</summary>
    /// <exception cref="InvalidDataException">The graph names a region that is not in the file.</exception>
    public static void Align(string graph, string weights)
    {
        string aside = weights + ".new";
        var places = new Dictionary<ExternalRegion, long>();
        byte[] rewritten;
        using (FileStream from = File.OpenRead(weights))
        using (FileStream to = File.Create(aside))
        {
            rewritten = OnnxWeightFields.Rewrite(File.ReadAllBytes(graph), region =>
            {
                if (!places.TryGetValue(region, out long place))
                {
                    int step = region.Length < Page ? CacheLine : Page;
                    places[region] = place = (to.Position + step - 1) / step * step;
                    to.SetLength(place);
                    to.Position = place;
                    Copy(from, region, to);
                }

                return place;
            });
        }

        File.Move(aside, weights, overwrite: true);
        File.WriteAllBytes(graph, rewritten);
    }

    static void Copy(FileStream from, ExternalRegion region, FileStream to)
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
