namespace ImmichMl.Models.Copies;

/// <summary>Whose the prepared copies are: weights that somebody else can write are somebody else's embeddings.</summary>
public static class CopyTrust
{
    /// <summary>
    /// Why what is there is not to be trusted: links and foreign owners are refused all the way down from the cache, and in the folder
    /// itself. Null for what is ours, and for what is not there yet.
    /// </summary>
    public static string? Fault(string cache, string folder)
    {
        for (string at = folder; at.Length > cache.Length; at = Path.GetDirectoryName(at)!)
        {
            if (Fault(at, wantsFolder: true) is { } reason)
            {
                return reason;
            }
        }

        return Directory.Exists(folder)
            ? Directory.GetFiles(folder).Select(file => Fault(file, wantsFolder: false)).FirstOrDefault(reason => reason is not null)
            : null;
    }

    static string? Fault(string path, bool wantsFolder) => FileStamp.Of(path, followLinks: false) is not { } found ? null
        : found.IsLink ? $"{path} is a link"
        : !(wantsFolder ? found.IsFolder : found.IsRegularFile) ? $"{path} is not a {(wantsFolder ? "folder" : "file")}"
        : !found.IsOurs ? $"{path} belongs to another user (uid {found.Owner})"
        : found.IsOpenToAll ? $"everybody may write {path}"
        : null;
}
