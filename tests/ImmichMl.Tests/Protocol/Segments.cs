namespace ImmichMl.Tests.Protocol;

/// <summary>Bytes that lie in several pieces of memory, as a pipe hands them out.</summary>
sealed class Segments : ReadOnlySequenceSegment<byte>
{
    Segments(ReadOnlyMemory<byte> memory, long index)
    {
        Memory = memory;
        RunningIndex = index;
    }

    public static ReadOnlySequence<byte> Of(params ReadOnlySpan<Memory<byte>> pieces)
    {
        var first = new Segments(pieces[0], 0);
        var last = first;
        foreach (var piece in pieces[1..])
        {
            var next = new Segments(piece, last.RunningIndex + last.Memory.Length);
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
