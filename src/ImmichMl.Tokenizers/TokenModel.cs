namespace ImmichMl.Tokenizers;

/// <summary>The part of a tokenizer that turns one pre-token into ids: BPE, Unigram, WordPiece or WordLevel.</summary>
abstract class TokenModel(Vocabulary vocabulary)
{
    public Vocabulary Vocabulary { get; } = vocabulary;

    /// <summary>How many ids the model claims; added tokens without an id of their own are numbered from there.</summary>
    public int Size => Vocabulary.Count;

    public abstract void Encode(ReadOnlySpan<byte> text, List<int> ids);

    /// <summary>The ids of the bytes as &lt;0xNN&gt;, or null when one of them is missing.</summary>
    protected static int[]? ByteIds(Vocabulary vocabulary)
    {
        var ids = new int[256];
        for (int b = 0; b < 256; b++)
        {
            ids[b] = vocabulary.Find($"<0x{b:X2}>");
        }

        return ids.Any(id => id >= 0) ? ids : null;
    }

    protected static bool HasBytes(int[]? byteIds, ReadOnlySpan<byte> bytes)
    {
        if (byteIds is null)
        {
            return false;
        }

        foreach (byte b in bytes)
        {
            if (byteIds[b] < 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Bytes of the character that starts here.</summary>
    protected static int CharLength(ReadOnlySpan<byte> text)
    {
        Rune.DecodeFromUtf8(text, out _, out int length);
        return length;
    }
}
