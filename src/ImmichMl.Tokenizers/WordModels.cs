namespace ImmichMl.Tokenizers;

/// <summary>The word as it stands, or the unknown token.</summary>
sealed class WordLevelModel(Vocabulary vocabulary, int unknown) : TokenModel(vocabulary)
{
    public override void Encode(ReadOnlySpan<byte> text, List<int> ids)
    {
        int id = Vocabulary.Find(text);
        ids.Add(id >= 0 ? id : unknown);
    }
}

/// <summary>The longest known beginning again and again; one unknown token for a word that does not come out.</summary>
sealed class WordPieceModel(Vocabulary vocabulary, int unknown, byte[] prefix, int maxCharacters) : TokenModel(vocabulary)
{
    public override void Encode(ReadOnlySpan<byte> text, List<int> ids)
    {
        int characters = 0;
        foreach (byte b in text)
        {
            characters += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        int before = ids.Count;
        if (characters > maxCharacters || !TryEncode(text, ids))
        {
            ids.RemoveRange(before, ids.Count - before);
            ids.Add(unknown);
        }
    }

    bool TryEncode(ReadOnlySpan<byte> text, List<int> ids)
    {
        byte[] piece = new byte[prefix.Length + text.Length];
        prefix.CopyTo(piece, 0);
        for (int start = 0, end; start < text.Length; start = end)
        {
            text[start..].CopyTo(piece.AsSpan(prefix.Length));
            int skipped = start == 0 ? prefix.Length : 0;
            int id = -1;
            end = Math.Min(text.Length, start + Vocabulary.Longest);
            for (; end > start; end--)
            {
                if (end < text.Length && (text[end] & 0xC0) == 0x80)
                {
                    continue;
                }

                id = Vocabulary.Find(piece.AsSpan(skipped..(prefix.Length + end - start)));
                if (id >= 0)
                {
                    break;
                }
            }

            if (id < 0)
            {
                return false;
            }

            ids.Add(id);
        }

        return true;
    }
}
