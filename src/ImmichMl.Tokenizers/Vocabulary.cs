namespace ImmichMl.Tokenizers;

/// <summary>
/// Pieces and their ids, compact: one pool of UTF-8 bytes and one open hash table. A piece given twice keeps its last id.
/// </summary>
sealed class Vocabulary
{
    byte[] _pool = new byte[1 << 16];
    int _used;
    readonly List<int> _ends = [];
    readonly List<int> _ids = [];
    int[] _table = new int[1 << 12];

    /// <summary>Distinct pieces.</summary>
    public int Count => _ids.Count;

    public int Longest { get; private set; }

    public void Add(ReadOnlySpan<byte> piece, int id)
    {
        int slot = SlotOf(piece);
        if (_table[slot] != 0)
        {
            _ids[_table[slot] - 1] = id;
            return;
        }

        if (_used + piece.Length > _pool.Length)
        {
            Array.Resize(ref _pool, Math.Max(_pool.Length * 2, _used + piece.Length));
        }

        piece.CopyTo(_pool.AsSpan(_used));
        _used += piece.Length;
        _ends.Add(_used);
        _ids.Add(id);
        _table[slot] = _ids.Count;
        Longest = Math.Max(Longest, piece.Length);
        if (_ids.Count * 2 > _table.Length)
        {
            Grow();
        }
    }

    /// <summary>-1 where there is no such piece.</summary>
    public int Find(ReadOnlySpan<byte> piece)
    {
        if (piece.Length > Longest)
        {
            return -1;
        }

        int entry = _table[SlotOf(piece)];
        return entry == 0 ? -1 : _ids[entry - 1];
    }

    public int Find(string piece) => Find(Encoding.UTF8.GetBytes(piece));

    /// <summary>Gives back what growing left over.</summary>
    public void Trim()
    {
        Array.Resize(ref _pool, _used);
        _ends.TrimExcess();
        _ids.TrimExcess();
    }

    ReadOnlySpan<byte> PieceAt(int entry)
    {
        int start = entry == 0 ? 0 : _ends[entry - 1];
        return _pool.AsSpan(start, _ends[entry] - start);
    }

    int SlotOf(ReadOnlySpan<byte> piece)
    {
        int mask = _table.Length - 1;
        int slot = (int)Hash(piece) & mask;
        while (_table[slot] != 0 && !PieceAt(_table[slot] - 1).SequenceEqual(piece))
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    void Grow()
    {
        _table = new int[_table.Length * 2];
        int mask = _table.Length - 1;
        for (int entry = 0; entry < _ids.Count; entry++)
        {
            int slot = (int)Hash(PieceAt(entry)) & mask;
            while (_table[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            _table[slot] = entry + 1;
        }
    }

    /// <summary>FNV-1a with a last mixing; the pieces are a file's, not a peer's.</summary>
    static uint Hash(ReadOnlySpan<byte> piece)
    {
        uint hash = 2166136261;
        foreach (byte b in piece)
        {
            hash = (hash ^ b) * 16777619;
        }

        hash ^= hash >> 15;
        hash *= 0x85EBCA6B;
        return hash ^ (hash >> 13);
    }
}
