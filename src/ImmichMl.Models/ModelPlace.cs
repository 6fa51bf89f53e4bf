namespace ImmichMl.Models;

/// <summary>Where the files of one model in one revision belong in a cache, whether they are there or not.</summary>
/// <param name="Kind">What the model is for.</param>
/// <param name="Name">Of its folder, which models of several names may share.</param>
/// <param name="Revision">Of the hub's.</param>
public sealed record ModelPlace(ModelKind Kind, string Name, string Revision)
{
    /// <summary>Below the cache: TASK/NAME/TYPE, or TASK/NAME/REVISION/TYPE.</summary>
    public string Path => $"{Kind.Task}/{Name}/{(Revision == ModelRevision.Main ? "" : Revision + "/")}{Kind.Type}";

    /// <summary>For one writer at a time: NAME.TYPE, or NAME.REVISION.TYPE.</summary>
    public string LockName => $"{Name}.{(Revision == ModelRevision.Main ? "" : Revision + ".")}{Kind.Type}";
}
