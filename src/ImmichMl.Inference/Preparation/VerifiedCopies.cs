using System.Collections.Concurrent;

namespace ImmichMl.Inference.Preparation;

/// <summary>Copies whose files were read through and found right, with their stamps then.</summary>
sealed class VerifiedCopies
{
    readonly ConcurrentDictionary<string, FileStamp?[]> _verified = [];
    readonly ConcurrentDictionary<string, FileStamp?[]> _verifiedPacked = [];

    /// <summary>
    /// What is wrong with its files, which are read where they were not read since they last changed: all but packed weights, which the
    /// first answer does without. Null where nothing is.
    /// </summary>
    public string? Fault(PreparedCopy copy) => Fault(_verified, copy, copy.Fault);

    /// <summary>The same of all its files.</summary>
    public string? WholeFault(PreparedCopy copy) => Fault(copy) ?? Fault(_verifiedPacked, copy, copy.PackedFault);

    static string? Fault(ConcurrentDictionary<string, FileStamp?[]> known, PreparedCopy copy, Func<string?> read)
    {
        FileStamp?[] stamps = copy.Stamps();
        if (known.TryGetValue(copy.Folder, out FileStamp?[]? verified) && stamps.AsSpan().SequenceEqual(verified))
        {
            return null;
        }

        string? fault = read();
        if (fault is null)
        {
            known[copy.Folder] = stamps;
        }

        return fault;
    }

    /// <summary>
    /// True while nothing has been written to the copy since it was last found right. Costs a system call for each of its four files.
    /// </summary>
    public bool IsUntouched(PreparedCopy copy) =>
        _verified.TryGetValue(copy.Folder, out FileStamp?[]? verified) && copy.Stamps().AsSpan().SequenceEqual(verified);

    /// <summary>Reads it through at its next use, whatever its stamp.</summary>
    public void Doubt(PreparedCopy copy)
    {
        _verified.TryRemove(copy.Folder, out _);
        _verifiedPacked.TryRemove(copy.Folder, out _);
    }
}
