namespace ImmichMl.Models;

/// <summary>What lies at a path, links followed.</summary>
public enum FileKind
{
    Missing,
    Regular,
    Folder,

    /// <summary>A pipe, a socket, a device: opening or reading one may wait for ever.</summary>
    Special,

    /// <summary>It may be there; this process cannot tell.</summary>
    Unreadable,
}

/// <summary>
/// Files of a cache, opened for reading: regular ones only, and a failure says whether the file is at fault or the moment. A disk that
/// stops answering is not seen here: the thread that reads from it waits until the kernel gives up.
/// </summary>
public static class ModelFile
{
    const int TypeMask = 0xF000, RegularType = 0x8000, FolderType = 0x4000, PipeType = 0x1000, SocketType = 0xC000;
    const int MaxDepth = 6;

    /// <summary>errno: ENOENT, ENOTDIR.</summary>
    const int NoEntry = 2, NotFolder = 20;

    /// <summary>errno: EPERM, EACCES.</summary>
    const int NotPermitted = 1, AccessDenied = 13;

    /// <summary>Numbers above are .NET's own, not the system's.</summary>
    const int LargestErrno = 4095;

    /// <summary>errno that stays as it is until somebody changes the file: ENXIO, EISDIR, EINVAL, ENAMETOOLONG, ELOOP.</summary>
    static readonly int[] s_lasting = [NoEntry, NotFolder, 6, 21, 22, 36, 40];

    static readonly TimeSpan s_later = TimeSpan.FromSeconds(10);

    public static FileKind KindOf(string path) => Stat(path) switch
    {
        (_, NoEntry or NotFolder) => FileKind.Missing,
        (_, not 0) => FileKind.Unreadable,
        (RegularType, _) => FileKind.Regular,
        (FolderType, _) => FileKind.Folder,
        _ => FileKind.Special,
    };

    /// <exception cref="InvalidDataException">It is no regular file, or larger than <paramref name="most"/> bytes.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static FileStream Open(string path, long most = long.MaxValue)
    {
        Check(path);
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length <= most)
        {
            return file;
        }

        using (file)
        {
            throw new InvalidDataException($"{path} has {file.Length} bytes, which is too large: the limit is {most}.");
        }
    }

    /// <inheritdoc cref="Open"/>
    public static byte[] ReadAll(string path, long most)
    {
        using FileStream file = Open(path, most);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Whether a runtime may be given a model: it opens files by itself, the graph and whatever lies beside it.</summary>
    /// <exception cref="ModelException">One of them is no regular file, or the graph cannot be opened.</exception>
    public static void CheckModel(ModelKey key, string graph)
    {
        try
        {
            CheckBelow(Path.GetDirectoryName(graph)!, 0);
            Open(graph).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw FaultOf(key, graph, e);
        }
    }

    /// <summary>
    /// What it means for a model that one of its files could not be read: unusable where the file is at fault, else unavailable for now.
    /// </summary>
    public static ModelException FaultOf(ModelKey key, string path, Exception cause)
    {
        string what = cause.Message.Contains(path, StringComparison.Ordinal) ? cause.Message : $"{path}: {cause.Message}";
        return IsPassing(cause)
            ? new ModelException(ModelFault.Unavailable, $"Model {key} cannot be read now: {what}", cause) { RetryAfter = s_later }
            : new ModelException(ModelFault.Unusable, $"Model {key} cannot be used: {what}", cause);
    }

    /// <summary>True for what says nothing about the file: no permission, no descriptor, no memory, a disk that fails.</summary>
    public static bool IsPassing(Exception fault) =>
        fault is UnauthorizedAccessException
        || (fault is IOException { HResult: > 0 and <= LargestErrno and var error } && !s_lasting.Contains(error));

    static void CheckBelow(string folder, int depth)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(folder).Where(path => Path.GetFileName(path)[0] != '.'))
        {
            switch (KindOf(path))
            {
                case FileKind.Special:
                    Check(path);
                    break;
                case FileKind.Folder when depth < MaxDepth:
                    CheckBelow(path, depth + 1);
                    break;
            }
        }
    }

    static void Check(string path)
    {
        (int type, int error) = Stat(path);
        if (type == RegularType)
        {
            return;
        }

        throw error switch
        {
            0 => new InvalidDataException($"{path} is {NameOf(type)}, not a file."),
            NoEntry or NotFolder => new FileNotFoundException($"{path} is missing.", path),
            NotPermitted or AccessDenied => new UnauthorizedAccessException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}"),
            _ => new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error),
        };
    }

    static string NameOf(int type) => type switch
    {
        FolderType => "a folder",
        PipeType => "a pipe",
        SocketType => "a socket",
        _ => "a device",
    };

    static (int Type, int Error) Stat(string path) => FileStamp.Of(path, followLinks: true, out int error) is { } found
        ? ((int)found.Mode & TypeMask, 0)
        : (0, error);
}
