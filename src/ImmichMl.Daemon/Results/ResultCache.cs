using System.Diagnostics.CodeAnalysis;

namespace ImmichMl.Daemon.Results;

/// <summary>The latest answers, least recently used out first; bounded by their number and by the bytes that they take.</summary>
/// <param name="capacity">Answers; 0 keeps none.</param>
/// <param name="mostBytes">Of all; one answer may take a sixteenth of it.</param>
sealed class ResultCache(int capacity, long mostBytes = ResultCache.MostBytes)
{
    /// <summary>Some 7,000 embeddings of CLIP, or 300 groups of 20 faces.</summary>
    public const long MostBytes = 16_000_000;

    // Of what stands around the numbers and texts: objects, lists, the entry itself; measured, rounded up.
    const int Around = 512;
    const int AroundFace = 256;
    const int AroundText = 32;

    readonly Lock _lock = new();
    readonly Dictionary<string, LinkedListNode<Entry>> _entries = [];
    readonly LinkedList<Entry> _byUse = new();
    long _bytes;
    long _hits;
    long _misses;

    sealed record Entry(string Hash, PredictResult Answer, long Bytes);

    public bool KeepsAny => capacity > 0;

    /// <summary>How things stand; null where none are kept.</summary>
    public ResultCacheUse? Use()
    {
        lock (_lock)
        {
            return KeepsAny ? new ResultCacheUse(_entries.Count, _bytes, _hits, _misses) : null;
        }
    }

    /// <summary>An answer is the taker's own, but for its times, which are none; it is counted whether there was one.</summary>
    public bool TryGet(ResultKey key, [NotNullWhen(true)] out PredictResult? answer)
    {
        lock (_lock)
        {
            bool isThere = _entries.TryGetValue(key.Hash, out LinkedListNode<Entry>? node);
            _hits += isThere ? 1 : 0;
            _misses += isThere ? 0 : 1;
            if (isThere)
            {
                _byUse.Remove(node!);
                _byUse.AddFirst(node!);
            }

            answer = isThere ? Copy(node!.Value.Answer) : null;
            return isThere;
        }
    }

    /// <summary>Keeps a copy; one that is too large is not kept.</summary>
    public void Put(ResultKey key, PredictResult answer)
    {
        long bytes = SizeOf(answer);
        if (!KeepsAny || bytes > mostBytes / 16)
        {
            return;
        }

        PredictResult own = Copy(answer) with { Timings = new Timings() };
        lock (_lock)
        {
            if (_entries.ContainsKey(key.Hash))
            {
                return;
            }

            _entries.Add(key.Hash, _byUse.AddFirst(new Entry(key.Hash, own, bytes)));
            _bytes += bytes;
            while (_entries.Count > capacity || _bytes > mostBytes)
            {
                Entry oldest = _byUse.Last!.Value;
                _byUse.RemoveLast();
                _entries.Remove(oldest.Hash);
                _bytes -= oldest.Bytes;
            }

            Debug.Assert(_entries.Count == _byUse.Count && _bytes >= 0, "What is counted is what is kept.");
        }
    }

    /// <summary>Lets all go: memory is short.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _byUse.Clear();
            _bytes = 0;
        }
    }

    /// <summary>Embeddings of faces lie in arrays that are used again once an answer is written.</summary>
    static PredictResult Copy(PredictResult answer) => answer.Faces is not { } faces ? answer
        : answer with { Faces = [.. faces.Select(face => face with { Embedding = (float[]?)face.Embedding?.Clone() })] };

    static long SizeOf(PredictResult answer)
    {
        long floats = answer.Clip?.Length ?? 0, around = Around;
        foreach (FaceResult face in answer.Faces ?? [])
        {
            floats += face.BoundingBox.Length + (face.Landmarks?.Length ?? 0) + (face.Embedding?.Length ?? 0);
            around += AroundFace;
        }

        if (answer.Ocr is { } ocr)
        {
            floats += ocr.Box.Length + ocr.BoxScore.Length + (ocr.TextScore?.Length ?? 0);
            around += ocr.Text?.Sum(text => AroundText + ((long)text.Length * sizeof(char))) ?? 0;
        }

        return (floats * sizeof(float)) + around;
    }
}
