using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ImmichMl.Models;

/// <summary>What a file's bytes must come to: its size, and where the source tells one, a digest.</summary>
public sealed record FileDigest(long? Size, string? Sha256, string? GitBlob)
{
    /// <summary>A name for this content; null where nothing but the size is known.</summary>
    public string? Name => Sha256 ?? GitBlob;

    /// <summary>The digest's running state. Git's is SHA-1 over a header with the size and the bytes.</summary>
    public IncrementalHash Begin()
    {
        if (Sha256 is not null || GitBlob is null || Size is null)
        {
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }

#pragma warning disable CA5350 // Git names its blobs by SHA-1; TLS vouches for the listing.
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {Size}\0")));
        return hash;
    }

    public bool Matches(IncrementalHash hash, long bytes)
    {
        string? wanted = Sha256 ?? (Size is null ? null : GitBlob);
        return (Size is null || bytes == Size) && (wanted is null || Convert.ToHexStringLower(hash.GetHashAndReset()) == wanted);
    }
}

/// <summary>Hashes files in pieces, so that their size costs no memory.</summary>
public static class ModelVerifier
{
    const int BufferBytes = 1 << 18;

    public static async Task<string> Sha256Async(string file, CancellationToken cancellation)
    {
        await using FileStream stream = Open(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation));
    }

    /// <summary>Every file of a folder but the record and the terms, with its digest.</summary>
    public static async Task<IReadOnlyList<RecordedFile>> DescribeAsync(string folder, CancellationToken cancellation)
    {
        var files = new List<RecordedFile>();
        foreach (FileInfo file in CacheFiles.Below(folder))
        {
            files.Add(new RecordedFile(
                Path.GetRelativePath(folder, file.FullName), file.Length, await Sha256Async(file.FullName, cancellation)));
        }

        return files;
    }

    /// <summary>What differs from the record, one sentence a file; empty when all is as it was written.</summary>
    /// <exception cref="IOException">A file cannot be read now, which says nothing about its bytes.</exception>
    public static async Task<IReadOnlyList<string>> CompareAsync(string folder, ModelRecord record, CancellationToken cancellation)
    {
        var differences = new List<string>();
        foreach (RecordedFile wanted in record.Files)
        {
            string file = CacheFiles.Resolve(folder, wanted.Path);
            FileKind kind = ModelFile.KindOf(file);
            if (kind is FileKind.Missing)
            {
                differences.Add($"{wanted.Path} is missing");
            }
            else if (kind is FileKind.Folder or FileKind.Special)
            {
                differences.Add($"{wanted.Path} is no regular file");
            }
            else if (new FileInfo(file).Length is var length && length != wanted.Size)
            {
                differences.Add($"{wanted.Path} has {length} bytes instead of {wanted.Size}");
            }
            else if (await Sha256Async(file, cancellation) != wanted.Sha256)
            {
                differences.Add($"{wanted.Path} has other bytes than it came with");
            }
        }

        return differences;
    }

    static FileStream Open(string file) => ModelFile.KindOf(file) == FileKind.Special
        ? throw new InvalidDataException($"{file} is no regular file.")
        : new(file, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, FileOptions.SequentialScan);
}
