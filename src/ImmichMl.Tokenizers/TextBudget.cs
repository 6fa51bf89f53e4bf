namespace ImmichMl.Tokenizers;

/// <summary>
/// What one text may become on its way to ids: steps of a tokenizer.json multiply, six times by fifty replacements. Unicode's own
/// decompositions make 18 characters of one at most, and a text of a request has 1 MiB. With few steps that bounds the time too; a clock
/// would not tell a slow tokenizer from a busy machine.
/// </summary>
sealed class TextBudget(long length, CancellationToken cancellation)
{
    const int MostTimes = 64;
    const int Prefix = 1024;
    const int MostMore = 8 << 20;

    /// <summary>UTF-16 units.</summary>
    public long Most { get; } = Prefix + Math.Min(MostTimes * length, length + MostMore);

    /// <summary>Before a text of so many units is made, and wherever time passes.</summary>
    /// <exception cref="InvalidDataException">It is too long.</exception>
    /// <exception cref="OperationCanceledException">Nobody wants it any more.</exception>
    public void Check(long units = 0)
    {
        cancellation.ThrowIfCancellationRequested();
        if (units > Most)
        {
            throw new InvalidDataException($"its tokenizer.json makes more than {Most} characters of {length}");
        }
    }
}
