using System.IO.MemoryMappedFiles;

namespace ImmichMl.Graphs;

/// <summary>
/// Reads the names of a model file's first nodes and nothing else: ONNX Runtime does not tell them, and the file may be large, so it is
/// mapped and stepped over. Field numbers are onnx.proto's.
/// </summary>
public static class OnnxGraphReader
{
    const int GraphField = 7, NodeField = 1, NameField = 3;
    const int NodesRead = 8;
    const int MaxNameLength = 4096;

    /// <summary>InsightFace's rule: a subtraction and a multiplication among the first eight nodes, told by their names.</summary>
    public static unsafe bool NormalizesInside(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (file.Length == 0)
        {
            return false;
        }

        using MemoryMappedFile mapped = MemoryMappedFile.CreateFromFile(
            file, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        using MemoryMappedViewAccessor view = mapped.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            List<string> names = FirstNames(new ReadOnlySpan<byte>(start, (int)Math.Min(file.Length, int.MaxValue)));
            return names.Any(name => StartsWith(name, "Sub", "_minus")) && names.Any(name => StartsWith(name, "Mul", "_mul"));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    static bool StartsWith(string name, string either, string or) =>
        name.StartsWith(either, StringComparison.Ordinal) || name.StartsWith(or, StringComparison.Ordinal);

    /// <summary>A file that is cut or no protobuf gives the names up to there: whether it is a model is not for this to say.</summary>
    internal static List<string> FirstNames(ReadOnlySpan<byte> model)
    {
        var names = new List<string>();
        try
        {
            foreach (ProtobufField field in new ProtobufFields(model))
            {
                if (field.Number == GraphField)
                {
                    AddNames(field.Content, names);
                    break;
                }
            }
        }
        catch (InvalidDataException)
        {
            // What was read until there stands.
        }

        return names;
    }

    static void AddNames(ReadOnlySpan<byte> graph, List<string> names)
    {
        foreach (ProtobufField field in new ProtobufFields(graph))
        {
            if (field.Number == NodeField)
            {
                string name = "";
                foreach (ProtobufField part in new ProtobufFields(field.Content))
                {
                    name = part.Number == NameField && part.Content.Length <= MaxNameLength ? part.Text : name;
                }

                names.Add(name);
                if (names.Count == NodesRead)
                {
                    return;
                }
            }
        }
    }
}
