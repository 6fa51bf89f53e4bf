using System.Formats.Tar;

namespace ImmichMl.Cli;

/// <summary>
/// Takes model files out of a tar file or a folder into a folder beside the cache, with the distrust that a file from elsewhere deserves:
/// no links, no devices, no names that lead elsewhere, no more than fits. What belongs to no model is passed over.
/// </summary>
sealed class ImportStage(string staged, string from)
{
    const int MaxFiles = 20_000;
    const long MaxBytes = 256L << 30;

    /// <summary>Bytes that stay free on the disk.</summary>
    const long SpareBytes = 64L << 20;

    const int BufferBytes = 1 << 17;

    int _files;
    long _bytes;

    public async Task CopyAsync(CancellationToken cancellation)
    {
        IEnumerable<string> folders = ModelKind.All.Select(kind => Path.Combine(from, kind.Task)).Distinct().Where(Directory.Exists);
        foreach (FileSystemInfo entry in folders.SelectMany(Below))
        {
            string path = Path.GetRelativePath(from, entry.FullName);
            if (!CacheFiles.IsOfModel(path))
            {
                continue;
            }

            if (entry.LinkTarget is not null)
            {
                throw new FormatException($"{entry.FullName} is a link: bring the file itself.");
            }

            // What has no bytes may be a pipe, and opening one waits for its other end.
            await using Stream input = entry is FileInfo { Length: > 0 } file ? file.OpenRead() : Stream.Null;
            await WriteAsync(input, path, cancellation);
        }
    }

    public async Task UnpackAsync(CancellationToken cancellation)
    {
        try
        {
            await using FileStream stream = File.OpenRead(from);
            await using var tar = new TarReader(stream);
            while (await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
            {
                string path = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                if (entry.EntryType is TarEntryType.GlobalExtendedAttributes || path.Length == 0)
                {
                    continue;
                }

                // A map of the holes stands in front of the bytes, which would be taken for the file's own.
                if (entry is PaxTarEntry pax
                    && pax.ExtendedAttributes.Keys.Any(name => name.StartsWith("GNU.sparse.", StringComparison.Ordinal)))
                {
                    throw new FormatException(
                        $"{from} is refused: '{Printable(path)}' is stored with holes; make the tar file without --sparse.");
                }

                if (!CacheFiles.StaysBelow(path)
                    || entry.EntryType is not (TarEntryType.Directory or TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                {
                    throw new FormatException(
                        $"{from} is refused: '{Printable(path)}' leads elsewhere, or is neither a file nor a folder ({entry.EntryType}).");
                }

                if (entry.EntryType != TarEntryType.Directory && CacheFiles.IsOfModel(path))
                {
                    await WriteAsync(entry.DataStream ?? Stream.Null, path, cancellation);
                }
            }
        }
        catch (EndOfStreamException e)
        {
            throw NoTar(e);
        }
        catch (Exception e) when (e is not (FormatException or OperatorException or ModelException)
            and not (IOException or UnauthorizedAccessException or OperationCanceledException))
        {
            // The reader's own: headers that contradict themselves, kinds of entries that it does not know, lengths past all memory.
            throw NoTar(e);
        }
    }

    FormatException NoTar(Exception cause) => new($"{from} is no whole tar file of plain files: {cause.Message}", cause);

    async Task WriteAsync(Stream input, string path, CancellationToken cancellation)
    {
        if (++_files > MaxFiles)
        {
            throw new FormatException($"{from} holds over {MaxFiles} files of models.");
        }

        string target = CacheFiles.Resolve(staged, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await using FileStream output = File.Create(target);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long free = Free();
            while (await input.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                _bytes += read;
                free -= read;
                if (_bytes > MaxBytes || (free < 0 && (free = Free() - read) < 0))
                {
                    throw new OperatorException(
                        $"{from} does not fit: {ByteSize.Text(_bytes)} have been read, and {ByteSize.Text(SpareBytes)} are to stay free.");
                }

                await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Asked again every 64 MB: others write to the disk too.</summary>
    long Free() => Math.Min(SpareBytes, new DriveInfo(staged).AvailableFreeSpace - SpareBytes);

    static IEnumerable<FileSystemInfo> Below(string folder) =>
        new DirectoryInfo(folder).EnumerateFileSystemInfos("*", new EnumerationOptions
        {
            RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false, MaxRecursionDepth = 8,
        }).Where(entry => entry is FileInfo || entry.LinkTarget is not null);

    static string Printable(string path) => new([.. path.Take(120).Select(letter => char.IsControl(letter) ? '?' : letter)]);
}
