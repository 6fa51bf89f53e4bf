namespace ImmichMl.Models;

/// <summary>A model of the catalogue or the cache.</summary>
/// <param name="Key">Which.</param>
/// <param name="Revision">In which revision.</param>
/// <param name="Bytes">That it takes on disk; 0: it is not there, or cannot be read.</param>
public sealed record StoredModel(ModelKey Key, string Revision, long Bytes);
