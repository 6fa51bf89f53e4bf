namespace ImmichMl.Gateway.Upstreams;

/// <summary>
/// A form written anew for an upstream, from where its parts lie: the picture is not copied, and whatever else a caller's body held stays
/// here. Each attempt reads one of its own.
/// </summary>
sealed class FormBody : Stream
{
    readonly List<ReadOnlyMemory<byte>> _pieces = [];
    int _piece;
    int _at;

    public FormBody(PredictForm form)
    {
        string boundary = $"immich-ml-{Guid.NewGuid():N}";
        ContentType = $"multipart/form-data; boundary={boundary}";
        Add($"--{boundary}\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n");
        Add(form.Entries);
        if (form.Image is { } image)
        {
            Add($"\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"image\"; filename=\"blob\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n");
            foreach (ReadOnlyMemory<byte> block in image.AsSequence())
            {
                Add(block);
            }
        }
        else if (form.Text is { } text)
        {
            Add($"\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n");
            Add(text);
        }

        Add($"\r\n--{boundary}--\r\n");
    }

    public string ContentType { get; }

    public override long Length => _pieces.Sum(piece => (long)piece.Length);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    void Add(ReadOnlyMemory<byte> piece) => _pieces.Add(piece);

    public override int Read(Span<byte> buffer)
    {
        while (_piece < _pieces.Count && _at == _pieces[_piece].Length)
        {
            (_piece, _at) = (_piece + 1, 0);
        }

        if (_piece == _pieces.Count)
        {
            return 0;
        }

        ReadOnlySpan<byte> left = _pieces[_piece].Span[_at..];
        int count = Math.Min(left.Length, buffer.Length);
        left[..count].CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer.AsSpan(offset, count)));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
