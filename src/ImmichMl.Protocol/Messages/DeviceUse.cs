using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>How busy an accelerator is.</summary>
/// <param name="Provider">The execution provider, such as <c>cuda</c>.</param>
/// <param name="Id">The provider's own number of the device.</param>
/// <param name="Runs">Model runs on it now.</param>
/// <param name="UsedBytes">Of its memory, by all processes; 0 where its driver does not say.</param>
/// <param name="TotalBytes">Its memory; 0 where its driver does not say.</param>
/// <param name="Lost">True once it has stopped answering.</param>
public sealed record DeviceUse(string Provider, int Id, int Runs, long UsedBytes, long TotalBytes, bool Lost)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(6);
        writer.WriteString("provider"u8);
        writer.Write(Provider);
        writer.WriteString("id"u8);
        writer.Write(Id);
        writer.WriteString("runs"u8);
        writer.Write(Runs);
        writer.WriteString("usedBytes"u8);
        writer.Write(UsedBytes);
        writer.WriteString("totalBytes"u8);
        writer.Write(TotalBytes);
        writer.WriteString("lost"u8);
        writer.Write(Lost);
    }

    internal static DeviceUse Read(ref MessagePackReader reader)
    {
        var use = new DeviceUse("", 0, 0, 0, 0, false);
        for (int left = reader.ReadMap("A device"); left > 0; left--)
        {
            string key = reader.ReadKey();
            switch (key)
            {
                case "provider":
                    use = use with { Provider = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "id":
                    use = use with { Id = (int)reader.ReadCount(key, int.MaxValue) };
                    break;
                case "runs":
                    use = use with { Runs = (int)reader.ReadCount(key, int.MaxValue) };
                    break;
                case "usedBytes":
                    use = use with { UsedBytes = reader.ReadCount(key) };
                    break;
                case "totalBytes":
                    use = use with { TotalBytes = reader.ReadCount(key) };
                    break;
                case "lost":
                    use = use with { Lost = reader.ReadFlag(key) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return use;
    }
}
