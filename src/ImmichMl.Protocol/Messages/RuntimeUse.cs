using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>What the daemon's managed memory has done since the start.</summary>
/// <param name="AllocatedBytes">Allocated in all.</param>
/// <param name="Collections">By generation, the youngest first; a collection of an older one counts for the younger ones too.</param>
public sealed record RuntimeUse(long AllocatedBytes, IReadOnlyList<long> Collections)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(2);
        writer.WriteString("allocatedBytes"u8);
        writer.Write(AllocatedBytes);
        writer.WriteString("collections"u8);
        writer.WriteArrayHeader(Collections.Count);
        foreach (long count in Collections)
        {
            writer.Write(count);
        }
    }

    internal static RuntimeUse Read(ref MessagePackReader reader)
    {
        var use = new RuntimeUse(0, []);
        for (int left = reader.ReadMap("runtime"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "allocatedBytes":
                    use = use with { AllocatedBytes = reader.ReadCount("allocatedBytes") };
                    break;
                case "collections":
                    use = use with { Collections = reader.ReadArray("collections", (ref item) => item.ReadCount("collections")) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return use;
    }
}
