namespace ImmichMl.Graphs;

/// <summary>
/// Writes a model again with its weights in a file beside it, which ONNX Runtime maps: it would hold those of a single file twice while it
/// loads. By streams, so that it costs no memory here either. Source: onnx.proto, ModelProto, GraphProto, TensorProto.
/// </summary>
public static class WeightsOutside
{
    /// <summary>What is smaller stays in the graph: shapes and the like, which are looked at.</summary>
    const int LeastBytes = 1024;

    const int Alignment = 64;

    /// <summary>Of a graph without large weights: what is larger is none, or is not to be held.</summary>
    const int MostGraphBytes = 256 << 20;

    const int GraphField = 7, ConstantField = 5;

    /// <param name="source">The model.</param>
    /// <param name="graph">The path of the graph that is written.</param>
    /// <param name="weights">The name of the file beside it.</param>
    /// <returns>False, and nothing is written, where the model has weights in a file already.</returns>
    /// <exception cref="InvalidDataException">It is no model, or its graph is larger than any.</exception>
    public static bool TryWrite(string source, string graph, string weights)
    {
        if (StoredTensor.ReadAll(source).Any(tensor => tensor.Location is not null))
        {
            return false;
        }

        using var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        using FileStream outside = File.Create(Path.Combine(Path.GetDirectoryName(graph)!, weights));
        var model = new ProtobufWriter();
        FieldStream.ForEach(
            file, file.Length,
            (field, length) =>
            {
                if (field == GraphField)
                {
                    model.Message(GraphField, WriteGraph(file, file.Position + length, outside));
                }
                else
                {
                    model.Bytes(field, Read(file, length));
                }

                return true;
            },
            (field, value) => model.Number(field, (long)value));
        File.WriteAllBytes(graph, model.ToArray());
        return true;
    }

    static ProtobufWriter WriteGraph(FileStream file, long end, FileStream outside)
    {
        var graph = new ProtobufWriter();
        FieldStream.ForEach(file, end, (field, length) =>
        {
            if (field == ConstantField && length > LeastBytes && TryWriteConstant(file, length, outside) is { } constant)
            {
                graph.Bytes(field, constant.ToBytes());
            }
            else
            {
                graph.Bytes(field, Read(file, length));
            }

            return graph.Written.Length <= MostGraphBytes ? true : throw new InvalidDataException("The graph is larger than any model's.");
        });
        return graph;
    }

    /// <returns>Null for one that is to stay, at which the file stands again.</returns>
    static GraphTensor? TryWriteConstant(FileStream file, long length, FileStream outside)
    {
        long start = file.Position;
        StoredTensor stored = StoredTensor.Read(file, length);
        if (stored.Length >= LeastBytes)
        {
            long offset = (outside.Position + Alignment - 1) / Alignment * Alignment;
            outside.SetLength(offset);
            outside.Position = offset;
            ExternalWeights.Copy(file, new ExternalRegion(stored.Offset, stored.Length), outside);
            int[] dimensions = Array.ConvertAll(stored.Dimensions, size => checked((int)size));
            file.Position = start;
            return GraphTensor.External(
                stored.Name, stored.Type, dimensions, Path.GetFileName(outside.Name), offset, stored.Length);
        }

        file.Position = start;
        return null;
    }

    static byte[] Read(FileStream file, long length)
    {
        var bytes = new byte[length <= MostGraphBytes ? length : throw new InvalidDataException("A part of the graph is too large.")];
        file.ReadExactly(bytes);
        return bytes;
    }
}
