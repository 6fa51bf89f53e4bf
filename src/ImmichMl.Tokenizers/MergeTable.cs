using System.Numerics;

namespace ImmichMl.Tokenizers;

/// <summary>
/// Which two ids merge, with which rank and into what: one open hash table, 16 bytes a merge and as much again to stay sparse.
/// </summary>
sealed class MergeTable(int count)
{
    // Together, so that a merge costs one cache line: between two queries a model has run, and all of this is cold.
    readonly Entry[] _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, count + (count / 2)))];

    record struct Entry(ulong Pair, int Rank, int Result);

    /// <summary>A pair given twice keeps its last rank.</summary>
    public void Add(int left, int right, int rank, int result) => Find(Key(left, right)) = new Entry(Key(left, right), rank, result);

    public bool TryFind(int left, int right, out int rank, out int result)
    {
        ref Entry entry = ref Find(Key(left, right));
        (rank, result) = (entry.Rank, entry.Result);
        return entry.Pair != 0;
    }

    /// <summary>Never 0, which marks a free entry.</summary>
    static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    ref Entry Find(ulong key)
    {
        int mask = _entries.Length - 1;
        int slot = (int)((key * 0x9E3779B97F4A7C15) >> 33) & mask;
        while (_entries[slot].Pair != 0 && _entries[slot].Pair != key)
        {
            slot = (slot + 1) & mask;
        }

        return ref _entries[slot];
    }
}
