using System.Text;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Where the weights of a saved graph lie in the file beside it. Source: onnx.proto, fields by number: ModelProto.graph 7,
/// GraphProto.initializer 5, TensorProto.external_data 13, StringStringEntryProto.key 1 and value 2.
/// </summary>
static class ExternalWeights
{
    const int Alignment = 64;

    static readonly int[] s_path = [7, 5, 13];

    /// <summary>True when every region begins on a cache line, as the kernels' aligned loads want it.</summary>
    public static bool AreAligned(string graph) => Entries(File.ReadAllBytes(graph), 0).All(entry => entry.Key switch
    {
        "offset" => IsAligned(entry.Value),

        // "key|offset;length;…|offset;length;…": the regions that a kernel has packed for itself.
        _ when entry.Key.StartsWith("prepacked", StringComparison.Ordinal) =>
            entry.Value.Split('|').Skip(1).All(region => IsAligned(region.Split(';')[0])),
        _ => true,
    });

    static bool IsAligned(string offset) => !long.TryParse(offset, out long bytes) || bytes % Alignment == 0;

    static List<(string Key, string Value)> Entries(ReadOnlyMemory<byte> message, int depth)
    {
        if (depth == s_path.Length)
        {
            return [(Text(message, 1), Text(message, 2))];
        }

        var entries = new List<(string, string)>();
        foreach ((int field, ReadOnlyMemory<byte> value) in Fields(message))
        {
            if (field == s_path[depth])
            {
                entries.AddRange(Entries(value, depth + 1));
            }
        }

        return entries;
    }

    static string Text(ReadOnlyMemory<byte> message, int wanted) =>
        Encoding.UTF8.GetString(Fields(message).FirstOrDefault(field => field.Number == wanted).Value.Span);

    /// <summary>The fields that have a length; all others are stepped over.</summary>
    static IEnumerable<(int Number, ReadOnlyMemory<byte> Value)> Fields(ReadOnlyMemory<byte> message)
    {
        for (int at = 0; at < message.Length;)
        {
            ulong tag = Number(message.Span, ref at);
            switch (tag & 7)
            {
                case 0:
                    Number(message.Span, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    int length = checked((int)Number(message.Span, ref at));
                    yield return ((int)(tag >> 3), message.Slice(at, length));
                    at += length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException("The graph is not as ONNX writes it.");
            }
        }
    }

    static ulong Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = bytes[at++];
            number |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return number;
            }
        }
    }
}
