namespace ImmichMl.Tokenizers;

/// <summary>The most likely way to cut a text into pieces (Viterbi). Unknown characters in a row become one unknown token.</summary>
sealed class UnigramModel : TokenModel
{
    const double UnknownPenalty = 10;
    readonly PieceIndex _pieces;
    readonly double[] _scores;
    readonly int _unknown;
    readonly double _unknownScore;
    readonly int[]? _byteIds;

    public UnigramModel(Vocabulary vocabulary, PieceIndex pieces, double[] scores, int unknown, bool byteFallback)
        : base(vocabulary)
    {
        _pieces = pieces;
        _scores = scores;
        _unknown = unknown;
        _unknownScore = (scores.Length == 0 ? 0 : scores.Min()) - UnknownPenalty;
        _byteIds = byteFallback ? ByteIds(vocabulary) : null;
    }

    struct Node
    {
        public double Score;
        public int Start;
        public int Id;
    }

    public override void Encode(ReadOnlySpan<byte> text, List<int> ids)
    {
        var best = new Node[text.Length + 1];
        best.AsSpan().Fill(new Node { Start = -1 });
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = CharLength(text[at..]);
            Reach(text, at, length, best);
        }

        var cuts = new List<(int Start, int End)>();
        for (int end = text.Length; end > 0;)
        {
            int start = best[end].Start;
            if (best[end].Id == _unknown && cuts.Count > 0 && cuts[^1].Start == end && IsFused(best, cuts[^1].End, end))
            {
                cuts[^1] = (start, cuts[^1].End);
            }
            else
            {
                cuts.Add((start, end));
            }

            end = start;
        }

        for (int i = cuts.Count - 1; i >= 0; i--)
        {
            Add(text[cuts[i].Start..cuts[i].End], ids);
        }
    }

    /// <summary>True when the cut that ends at <paramref name="end"/> is unknown itself, so that the one before may join it.</summary>
    bool IsFused(Node[] best, int end, int start) => start < end && best[end].Id == _unknown;

    void Reach(ReadOnlySpan<byte> text, int at, int characterLength, Node[] best)
    {
        double soFar = best[at].Score;
        bool hasSingle = false;
        PieceIndex.Search search = _pieces.Begin(text[at..]);
        while (search.MoveNext(out int length, out int entry))
        {
            ref Node target = ref best[at + length];
            double score = _scores[entry] + soFar;
            if (target.Start < 0 || score > target.Score)
            {
                target = new Node { Score = score, Start = at, Id = entry };
            }

            hasSingle |= length == characterLength;
        }

        ref Node next = ref best[at + characterLength];
        if (!hasSingle && (next.Start < 0 || _unknownScore + soFar > next.Score))
        {
            next = new Node { Score = _unknownScore + soFar, Start = at, Id = _unknown };
        }
    }

    void Add(ReadOnlySpan<byte> piece, List<int> ids)
    {
        int id = Vocabulary.Find(piece);
        if (id >= 0)
        {
            ids.Add(id);
        }
        else if (HasBytes(_byteIds, piece))
        {
            foreach (byte b in piece)
            {
                ids.Add(_byteIds![b]);
            }
        }
        else
        {
            ids.Add(_unknown);
        }
    }
}
