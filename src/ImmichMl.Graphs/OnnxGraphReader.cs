namespace ImmichMl.Graphs;

/// <summary>
/// Reads the names of a model file's first nodes and nothing else: ONNX Runtime does not tell them, and the file may be large. Field
/// numbers are onnx.proto's.
/// </summary>
public static class OnnxGraphReader
{
    const int GraphField = 7;
    const int NodeField = 1;
    const int NameField = 3;
    const int NodesRead = 8;

    /// <summary>InsightFace's rule: a subtraction and a multiplication among the first eight nodes, told by their names.</summary>
    public static bool NormalizesInside(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 4096);
        List<string> names = FirstNames(file);
        return names.Any(name => StartsWith(name, "Sub", "_minus")) && names.Any(name => StartsWith(name, "Mul", "_mul"));
    }

    static bool StartsWith(string name, string either, string or) =>
        name.StartsWith(either, StringComparison.Ordinal) || name.StartsWith(or, StringComparison.Ordinal);

    /// <summary>A file that is cut or no protobuf gives the names up to there: whether it is a model is not for this to say.</summary>
    internal static List<string> FirstNames(Stream file)
    {
        var names = new List<string>();
        FieldStream.ForEach(file, file.Length, (field, length) =>
        {
            if (field == GraphField)
            {
                FieldStream.ForEach(file, file.Position + length, (inner, size) =>
                {
                    if (inner == NodeField)
                    {
                        names.Add(NameOfNode(file, size));
                    }

                    return names.Count < NodesRead;
                });
                return false;
            }

            return true;
        });
        return names;
    }

    static string NameOfNode(Stream file, long length)
    {
        string name = "";
        FieldStream.ForEach(file, file.Position + length, (field, size) =>
        {
            name = field == NameField ? FieldStream.Text(file, size) : name;
            return true;
        });
        return name;
    }
}
