namespace ImmichMl.Gateway;

/// <summary>
/// Kestrel takes <c>Content-Length: +6</c> for 6, which another server on the way may not. It asks an encoding for a header's characters,
/// and refuses a length that this one does not call digits (RFC 9110, 8.6).
/// </summary>
sealed class StrictLength : Encoding
{
    /// <summary>Of the largest length there is.</summary>
    const int MostDigits = 19;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars) =>
        Latin1.GetChars(bytes.Length <= MostDigits && !bytes.ContainsAnyExceptInRange((byte)'0', (byte)'9') ? bytes : "?"u8, chars);

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetMaxByteCount(int charCount) => charCount;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);
}
