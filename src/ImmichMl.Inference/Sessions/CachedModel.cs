namespace ImmichMl.Inference.Sessions;

/// <summary>How a model stands in the cache of sessions; a model that is not listed there is not loaded.</summary>
/// <param name="Key">Which one.</param>
/// <param name="State">loaded, loading or failed.</param>
/// <param name="Idle">How long nobody has used it.</param>
/// <param name="Model">What is loaded, without a lease: for what may be asked of one that has ended, too.</param>
public readonly record struct CachedModel(ModelKey Key, string State, TimeSpan Idle, IDisposable? Model = null);
