using System.Text;

namespace ImmichMl.Graphs;

/// <summary>
/// Reads the names of a model file's first nodes and nothing else: ONNX Runtime does not tell them, and the file may be large. By a
/// stream and not by <see cref="ProtobufFields"/> over a mapped file: on a disk that fails, or a file cut meanwhile, that ends the process.
/// Field numbers are onnx.proto's.
/// </summary>
public static class OnnxGraphReader
{
    const int GraphField = 7;
    const int NodeField = 1;
    const int NameField = 3;
    const int NodesRead = 8;
    const int MaxNameLength = 4096;

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
        ForEach(file, file.Length, (field, length) =>
        {
            if (field == GraphField)
            {
                ForEach(file, file.Position + length, (inner, size) =>
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
        ForEach(file, file.Position + length, (field, size) =>
        {
            if (field == NameField && size <= MaxNameLength)
            {
                var bytes = new byte[size];
                name = Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
            }

            return true;
        });
        return name;
    }

    /// <summary>Shows every length-delimited field up to <paramref name="end"/> and steps over it, however much of it was read.</summary>
    static void ForEach(Stream file, long end, Func<int, long, bool> show)
    {
        end = Math.Min(end, file.Length);
        while (file.Position < end && TryReadVarint(file, out ulong tag))
        {
            switch (tag & 7)
            {
                case 0 when TryReadVarint(file, out _):
                    break;
                case 1:
                    file.Position += 8;
                    break;
                case 5:
                    file.Position += 4;
                    break;
                case 2 when TryReadVarint(file, out ulong length) && length <= (ulong)(end - file.Position):
                    long next = file.Position + (long)length;
                    if (!show((int)Math.Min(tag >> 3, int.MaxValue), (long)length))
                    {
                        return;
                    }

                    file.Position = next;
                    break;
                default:
                    return;
            }
        }
    }

    static bool TryReadVarint(Stream file, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = file.ReadByte();
            if (next < 0)
            {
                return false;
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
