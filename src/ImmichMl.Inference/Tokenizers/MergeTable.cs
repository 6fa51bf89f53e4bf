namespace ImmichMl.Inference.Tokenizers;

/// <summary>Which two ids merge, with which rank and into what: one open hash table, 16 bytes a merge and as much again for room.</summary>
sealed class MergeTable
{
    readonly ulong[] _pairs;
    readonly int[] _ranks;
    readonly int[] _results;

    public MergeTable(int count)
    {
        int capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, count + (count / 2)));
        _pairs = new ulong[capacity];
        _ranks = new int[capacity];
        _results = new int[capacity];
    }

    /// <summary>A pair given twice keeps its last rank.</summary>
    public void Add(int left, int right, int rank, int result)
    {
        int slot = SlotOf(Key(left, right));
        _pairs[slot] = Key(left, right);
        _ranks[slot] = rank;
        _results[slot] = result;
    }

    public bool TryFind(int left, int right, out int rank, out int result)
    {
        int slot = SlotOf(Key(left, right));
        rank = _ranks[slot];
        result = _results[slot];
        return _pairs[slot] != 0;
    }

    /// <summary>Never 0, which marks a free slot.</summary>
    static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    int SlotOf(ulong key)
    {
        int mask = _pairs.Length - 1;
        int slot = (int)((key * 0x9E3779B97F4A7C15) >> 33) & mask;
        while (_pairs[slot] != 0 && _pairs[slot] != key)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }
}
