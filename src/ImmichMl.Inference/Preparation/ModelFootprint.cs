using ImmichMl.Models;

namespace ImmichMl.Inference.Preparation;

/// <summary>How much memory of its own a model will take once it is loaded, as far as that can be told in front of the load.</summary>
public sealed class ModelFootprint(ModelStore store, PreparedModels prepared)
{
    /// <summary>
    /// About as much as its files, in bytes; of a prepared copy the graph alone, because its weights are mapped. 0 for one that is not
    /// there.
    /// </summary>
    public long Of(ModelKey key)
    {
        var folder = new DirectoryInfo(store.FolderOf(key));
        if (!folder.Exists)
        {
            return 0;
        }

        string source = Path.Combine(folder.FullName, ModelStore.ModelFileName);
        return File.Exists(source) && prepared.Find(key, source) is { } copy
            ? new FileInfo(copy.Graph).Length
            : folder.EnumerateFiles().Sum(file => file.Length);
    }
}
