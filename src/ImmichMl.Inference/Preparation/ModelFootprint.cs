namespace ImmichMl.Inference.Preparation;

/// <summary>How much memory of its own a model will take once it is loaded, as far as that can be told in front of the load.</summary>
public sealed class ModelFootprint(ModelStore store, PreparedModels prepared)
{
    /// <summary>About the bytes of its files; of a prepared copy, whose weights are mapped, the graph's. 0 for none.</summary>
    public long Of(ModelKey key)
    {
        string source = Path.Combine(store.FolderOf(key), ModelStore.ModelFileName);
        return File.Exists(source) && prepared.Find(key, source) is { } copy ? new FileInfo(copy.Graph).Length : OfFiles(key);
    }

    /// <summary>The bytes of its files, mapped or not.</summary>
    public long OfFiles(ModelKey key)
    {
        var folder = new DirectoryInfo(store.FolderOf(key));
        return folder.Exists ? folder.EnumerateFiles().Where(file => !Leftovers.Contain(file.Name)).Sum(file => file.Length) : 0;
    }
}
