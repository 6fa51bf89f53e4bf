using System.Buffers.Binary;

namespace ImmichMl.Tokenizers;

/// <summary>
/// Every piece that a text begins with, shortest first: the pieces sorted by their bytes, the range of candidates narrowed byte by byte.
/// Takes a few bytes a piece where a trie of nodes would take hundreds.
/// </summary>
sealed class PieceIndex
{
    readonly byte[] _pool;
    readonly int[] _starts;
    readonly int[] _sorted;
    readonly int[] _firstTwo;

    /// <param name="pool">The pieces' bytes, one after the other.</param>
    /// <param name="starts">Where each piece starts, and after them where the last one ends.</param>
    /// <param name="ids">The id that each piece stands for: the last, where a piece is given twice.</param>
    public PieceIndex(byte[] pool, int[] starts, Func<ReadOnlySpan<byte>, int> ids)
    {
        _pool = pool;
        _starts = starts;
        int count = starts.Length - 1;
        _sorted = [.. Enumerable.Range(0, count).Where(i => starts[i] < starts[i + 1] && ids(Piece(i)) == i)];
        var keys = new ulong[_sorted.Length];
        Span<byte> head = stackalloc byte[8];
        for (int i = 0; i < keys.Length; i++)
        {
            head.Clear();
            ReadOnlySpan<byte> piece = Piece(_sorted[i]);
            piece[..Math.Min(8, piece.Length)].CopyTo(head);
            keys[i] = BinaryPrimitives.ReadUInt64BigEndian(head);
        }

        Array.Sort(keys, _sorted);
        var byBytes = Comparer<int>.Create((a, b) => Piece(a).SequenceCompareTo(Piece(b)));
        for (int i = 0, end; i < keys.Length; i = end)
        {
            for (end = i + 1; end < keys.Length && keys[end] == keys[i]; end++)
            {
            }

            if (end - i > 1)
            {
                Array.Sort(_sorted, i, end - i, byBytes);
            }
        }

        _firstTwo = new int[65537];
        for (int i = 0, slot = 0; slot <= 65536; slot++)
        {
            while (i < keys.Length && keys[i] >> 48 < (ulong)slot)
            {
                i++;
            }

            _firstTwo[slot] = i;
        }
    }

    ReadOnlySpan<byte> Piece(int id) => _pool.AsSpan(_starts[id].._starts[id + 1]);

    public Search Begin(ReadOnlySpan<byte> text) => new(this, text);

    public ref struct Search
    {
        readonly PieceIndex _index;
        readonly ReadOnlySpan<byte> _text;
        int _low;
        int _high;
        int _length;

        internal Search(PieceIndex index, ReadOnlySpan<byte> text)
        {
            _index = index;
            _text = text;
            _low = index._firstTwo[text[0] << 8];
            _high = index._firstTwo[(text[0] + 1) << 8];
            _length = 1;
        }

        public bool MoveNext(out int length, out int id)
        {
            while (_low < _high)
            {
                length = _length;
                id = _index._sorted[_low];
                bool isWhole = _index.Piece(id).Length == _length;
                _low += isWhole ? 1 : 0;
                Narrow();
                if (isWhole)
                {
                    return true;
                }
            }

            (length, id) = (0, -1);
            return false;
        }

        /// <summary>
        /// To the pieces that go on with the text's next byte; none that is as short as what is matched is left in the range.
        /// </summary>
        void Narrow()
        {
            if (_length == _text.Length)
            {
                _high = _low;
                return;
            }

            if (_length == 1)
            {
                int slot = (_text[0] << 8) | _text[1];
                (_low, _high) = (Math.Max(_low, _index._firstTwo[slot]), Math.Max(_low, _index._firstTwo[slot + 1]));
            }
            else
            {
                _low = Bound(_low, _high, _text[_length]);
                _high = Bound(_low, _high, _text[_length] + 1);
            }

            _length++;
        }

        readonly int Bound(int low, int high, int value)
        {
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                int id = _index._sorted[middle];
                if (_index._pool[_index._starts[id] + _length] < value)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            return low;
        }
    }
}
