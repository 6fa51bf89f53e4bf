using System.Diagnostics.CodeAnalysis;

namespace ImmichMl.Inference.Clip;

/// <summary>The embeddings of the latest texts, least recently used out first. Belongs to one model and goes with it.</summary>
sealed class EmbeddingCache(int capacity)
{
    /// <summary>A longer text is not kept, so that the entries bound the memory.</summary>
    const int MaxTextLength = 1024;

    readonly Lock _lock = new();
    readonly Dictionary<string, LinkedListNode<(string Text, float[] Embedding)>> _entries = [];
    readonly LinkedList<(string Text, float[] Embedding)> _byUse = new();

    public bool TryGet(string text, [NotNullWhen(true)] out float[]? embedding)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(text, out LinkedListNode<(string Text, float[] Embedding)>? node))
            {
                embedding = null;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            embedding = node.Value.Embedding;
            return true;
        }
    }

    public void Put(string text, float[] embedding)
    {
        lock (_lock)
        {
            if (capacity == 0 || text.Length > MaxTextLength || _entries.ContainsKey(text))
            {
                return;
            }

            if (_entries.Count == capacity)
            {
                _entries.Remove(_byUse.Last!.Value.Text);
                _byUse.RemoveLast();
            }

            _entries.Add(text, _byUse.AddFirst((text, embedding)));
        }
    }

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _entries.TrimExcess();
            _byUse.Clear();
        }
    }
}
