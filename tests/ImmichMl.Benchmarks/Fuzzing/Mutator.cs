using System.Buffers.Binary;

namespace ImmichMl.Benchmarks.Fuzzing;

/// <summary>
/// Damaged pictures by number: the same number, seed and files give the same bytes. First every truncation of every small file, then
/// changes drawn by lot.
/// </summary>
sealed class Mutator
{
    const int SmallBytes = 4096;

    // Large files take long to decode, so the lot falls on them less often.
    const int LargeBytes = 64 * 1024;

    static readonly uint[] s_lengths = [0, 1, 2, 0x7F, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1FFF, 6000, 0x7FFFFFFF, 0x80000000,
        0xFFFFFFFF];

    readonly byte[][] _files;
    readonly byte[][] _ordinary;
    readonly ulong _seed;

    public Mutator(IEnumerable<string> folders, ulong seed)
    {
        _files = [.. folders.SelectMany(Directory.EnumerateFiles).Where(name => !name.EndsWith(".json", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(file => file.Length > 0)];
        _ordinary = [.. _files.Where(file => file.Length <= LargeBytes)];
        _seed = seed;
        Truncations = _files.Where(file => file.Length <= SmallBytes).Sum(file => file.Length);
    }

    public int Files => _files.Length;

    public int Truncations { get; }

    public byte[] Make(int number)
    {
        if (number < Truncations)
        {
            foreach (var file in _files.Where(file => file.Length <= SmallBytes))
            {
                if (number < file.Length)
                {
                    return file[..number];
                }

                number -= file.Length;
            }
        }

        var lot = new Lot(_seed ^ ((ulong)number * 0x9E3779B97F4A7C15));
        var made = (byte[])Pick(ref lot).Clone();
        for (var changes = 1 + lot.Next(3); changes > 0 && made.Length > 0; changes--)
        {
            made = Change(made, ref lot);
        }

        return made;
    }

    byte[] Pick(ref Lot lot)
    {
        var among = lot.Next(64) == 0 ? _files : _ordinary;
        return among[lot.Next(among.Length)];
    }

    byte[] Change(byte[] made, ref Lot lot)
    {
        // Headers decide more than pixels do: half of the places lie in the first bytes.
        var at = lot.Next(lot.Next(2) == 0 ? Math.Min(made.Length, 256) : made.Length);
        switch (lot.Next(7))
        {
            case 0:
                for (var flips = 1 + lot.Next(8); flips > 0; flips--)
                {
                    made[lot.Next(made.Length)] ^= (byte)(1 << lot.Next(8));
                }

                return made;
            case 1:
                made[at] = (byte)lot.Next(256);
                return made;
            case 2:
                return made[..at];
            case 3:
                Length(made.AsSpan(at), ref lot);
                return made;
            case 4: // Splice: the beginning of one, the end of another.
                var other = Pick(ref lot);
                return [.. made[..at], .. other.AsSpan(lot.Next(other.Length))];
            case 5: // A stretch twice.
                var length = 1 + lot.Next(Math.Min(made.Length - at, 512));
                return [.. made[..(at + length)], .. made[at..]];
            default: // A stretch gone.
                return [.. made[..at], .. made[(at + 1 + lot.Next(made.Length - at))..]];
        }
    }

    static void Length(Span<byte> place, ref Lot lot)
    {
        var value = s_lengths[lot.Next(s_lengths.Length)];
        switch (lot.Next(4))
        {
            case 0 when place.Length >= 2:
                BinaryPrimitives.WriteUInt16BigEndian(place, (ushort)value);
                break;
            case 1 when place.Length >= 2:
                BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)value);
                break;
            case 2 when place.Length >= 4:
                BinaryPrimitives.WriteUInt32BigEndian(place, value);
                break;
            case 3 when place.Length >= 4:
                BinaryPrimitives.WriteUInt32LittleEndian(place, value);
                break;
            default:
                place[0] = (byte)value;
                break;
        }
    }

    /// <summary>SplitMix64.</summary>
    struct Lot(ulong state)
    {
        ulong _state = state;

        public int Next(int end)
        {
            var z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)((z ^ (z >> 31)) % (ulong)end);
        }
    }
}
