using System.Text;

namespace ImmichMl.Graphs;

/// <summary>
/// Steps over a protobuf message in a file without holding it: model files may be large. By a stream and not by
/// <see cref="ProtobufFields"/> over a mapped file: on a disk that fails, or a file cut meanwhile, that ends the process. A file that is
/// cut or no protobuf is shown up to there: whether it is a model is not for this to say.
/// </summary>
static class FieldStream
{
    const int MaxTextLength = 4096;

    /// <param name="file">Stands where the message begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="show">
    /// Told number and length of each field that has one; whatever it reads of it, the next one follows. False: no more.
    /// </param>
    /// <param name="number">Told number and value of each whole number.</param>
    public static void ForEach(Stream file, long end, Func<int, long, bool> show, Action<int, ulong>? number = null)
    {
        end = Math.Min(end, file.Length);
        while (file.Position < end && TryReadVarint(file, out ulong tag))
        {
            int field = (int)Math.Min(tag >> 3, int.MaxValue);
            switch (tag & 7)
            {
                case 0 when TryReadVarint(file, out ulong value):
                    number?.Invoke(field, value);
                    break;
                case 1:
                    file.Position += 8;
                    break;
                case 5:
                    file.Position += 4;
                    break;
                case 2 when TryReadVarint(file, out ulong length) && length <= (ulong)(end - file.Position):
                    long next = file.Position + (long)length;
                    if (!show(field, (long)length))
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

    /// <summary>A field's text; empty where it is longer than any name.</summary>
    public static string Text(Stream file, long length)
    {
        if (length > MaxTextLength)
        {
            return "";
        }

        var bytes = new byte[length];
        return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
    }

    /// <summary>A StringStringEntryProto.</summary>
    public static (string Key, string Value) Entry(Stream file, long length)
    {
        (string key, string value) = ("", "");
        ForEach(file, file.Position + length, (field, size) =>
        {
            (key, value) = field switch
            {
                1 => (Text(file, size), value),
                2 => (key, Text(file, size)),
                _ => (key, value),
            };
            return true;
        });
        return (key, value);
    }

    /// <summary>Packed whole numbers, so many at most.</summary>
    public static List<long> Numbers(Stream file, long length, int most)
    {
        var numbers = new List<long>();
        for (long end = file.Position + length; file.Position < end && numbers.Count < most && TryReadVarint(file, out ulong value);)
        {
            numbers.Add((long)value);
        }

        return numbers;
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
