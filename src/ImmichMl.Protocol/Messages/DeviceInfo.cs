using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>One device that models run on.</summary>
/// <param name="Provider">The execution provider, such as <c>cpu</c>.</param>
/// <param name="Id">The provider's own number of the device.</param>
/// <param name="Name">What the device calls itself.</param>
/// <param name="MemoryBytes">Its memory; 0 where that is not known.</param>
public sealed record DeviceInfo(string Provider, int Id, string Name, long MemoryBytes)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(4);
        writer.WriteString("provider"u8);
        writer.Write(Provider);
        writer.WriteString("id"u8);
        writer.Write(Id);
        writer.WriteString("name"u8);
        writer.Write(Name);
        writer.WriteString("memoryBytes"u8);
        writer.Write(MemoryBytes);
    }

    internal static DeviceInfo Read(ref MessagePackReader reader)
    {
        var device = new DeviceInfo("", 0, "", 0);
        for (int left = reader.ReadMap("A device"); left > 0; left--)
        {
            string key = reader.ReadKey();
            switch (key)
            {
                case "provider":
                    device = device with { Provider = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "id":
                    device = device with { Id = (int)reader.ReadCount(key, int.MaxValue) };
                    break;
                case "name":
                    device = device with { Name = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "memoryBytes":
                    device = device with { MemoryBytes = reader.ReadCount(key) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return device;
    }
}
