namespace ImmichMl.Tokenizers;

/// <summary>What the model part of a BPE tokenizer.json says besides its pieces and merges. Dropout is for training and not read.</summary>
sealed record BpeRules
{
    public string? UnknownToken { get; init; }

    public string Prefix { get; init; } = "";

    public string Suffix { get; init; } = "";

    public bool FuseUnknown { get; init; }

    public bool ByteFallback { get; init; }

    public bool IgnoreMerges { get; init; }
}

/// <summary>
/// Byte pair encoding: characters to ids, then the merge of the lowest rank, leftmost first, until none is left. A heap keeps a word of
/// n characters at O(n log n).
/// </summary>
sealed class BpeModel : TokenModel
{
    readonly BpeRules _rules;
    readonly MergeTable _merges;
    readonly int[]? _byteIds;
    readonly int _unknown;
    readonly byte[] _prefix;
    readonly byte[] _suffix;

    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeRules rules)
        : base(vocabulary)
    {
        _rules = rules;
        _merges = merges;
        _byteIds = rules.ByteFallback ? ByteIds(vocabulary) : null;
        _unknown = rules.UnknownToken is null ? -1 : vocabulary.Find(rules.UnknownToken);
        _prefix = Encoding.UTF8.GetBytes(rules.Prefix);
        _suffix = Encoding.UTF8.GetBytes(rules.Suffix);
    }

    struct Symbol
    {
        public int Id;
        public int Previous;
        public int Next;
    }

    public override void Encode(ReadOnlySpan<byte> text, List<int> ids)
    {
        if (_rules.IgnoreMerges && Vocabulary.Find(text) is >= 0 and var whole)
        {
            ids.Add(whole);
            return;
        }

        int before = ids.Count;
        AddCharacters(text, ids);
        if (ids.Count - before > 1)
        {
            Merge(ids, before);
        }
    }

    void AddCharacters(ReadOnlySpan<byte> text, List<int> ids)
    {
        bool isUnknownPending = false;
        byte[]? extended = _prefix.Length + _suffix.Length > 0 ? new byte[_prefix.Length + 4 + _suffix.Length] : null;
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = CharLength(text[at..]);
            ReadOnlySpan<byte> piece = text.Slice(at, length);
            if (extended is not null)
            {
                piece = Extend(piece, isFirst: at == 0, isLast: at + length == text.Length, extended);
            }

            int id = Vocabulary.Find(piece);
            if (id >= 0)
            {
                if (isUnknownPending)
                {
                    ids.Add(_unknown);
                    isUnknownPending = false;
                }

                ids.Add(id);
            }
            else if (HasBytes(_byteIds, piece))
            {
                // The original leaves an unknown token that waits behind the bytes that follow it.
                foreach (byte b in piece)
                {
                    ids.Add(_byteIds![b]);
                }
            }
            else if (_unknown >= 0)
            {
                if (isUnknownPending && !_rules.FuseUnknown)
                {
                    ids.Add(_unknown);
                }

                isUnknownPending = true;
            }
        }

        if (isUnknownPending)
        {
            ids.Add(_unknown);
        }
    }

    ReadOnlySpan<byte> Extend(ReadOnlySpan<byte> piece, bool isFirst, bool isLast, byte[] buffer)
    {
        int length = 0;
        if (!isFirst)
        {
            _prefix.CopyTo(buffer, 0);
            length = _prefix.Length;
        }

        piece.CopyTo(buffer.AsSpan(length));
        length += piece.Length;
        if (isLast)
        {
            _suffix.CopyTo(buffer, length);
            length += _suffix.Length;
        }

        return buffer.AsSpan(0, length);
    }

    /// <summary>Merges the symbols from <paramref name="start"/> on, in place.</summary>
    void Merge(List<int> ids, int start)
    {
        var symbols = new Symbol[ids.Count - start];
        for (int i = 0; i < symbols.Length; i++)
        {
            symbols[i] = new Symbol { Id = ids[start + i], Previous = i - 1, Next = i + 1 < symbols.Length ? i + 1 : -1 };
        }

        var queue = new PriorityQueue<(int Position, int Result), long>();
        for (int i = 0; i + 1 < symbols.Length; i++)
        {
            Offer(symbols, i, queue);
        }

        while (queue.TryDequeue(out (int Position, int Result) top, out _))
        {
            ref Symbol left = ref symbols[top.Position];
            if (left.Id < 0 || left.Next < 0)
            {
                continue;
            }

            ref Symbol right = ref symbols[left.Next];
            if (!_merges.TryFind(left.Id, right.Id, out _, out int result) || result != top.Result)
            {
                continue;
            }

            left.Id = result;
            right.Id = -1;
            left.Next = right.Next;
            if (left.Next >= 0)
            {
                symbols[left.Next].Previous = top.Position;
                Offer(symbols, top.Position, queue);
            }

            if (left.Previous >= 0)
            {
                Offer(symbols, left.Previous, queue);
            }
        }

        ids.RemoveRange(start, ids.Count - start);
        foreach (Symbol symbol in symbols)
        {
            if (symbol.Id >= 0)
            {
                ids.Add(symbol.Id);
            }
        }
    }

    void Offer(Symbol[] symbols, int position, PriorityQueue<(int, int), long> queue)
    {
        if (_merges.TryFind(symbols[position].Id, symbols[symbols[position].Next].Id, out int rank, out int result))
        {
            queue.Enqueue((position, result), (long)rank << 32 | (uint)position);
        }
    }
}
