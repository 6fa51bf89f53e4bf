namespace ImmichMl.Inference.Sessions;

/// <summary>The one form in which a model that cannot be used is told of.</summary>
static class UnusableModel
{
    /// <param name="key">The model.</param>
    /// <param name="why">What goes on behind its name.</param>
    /// <param name="cause">What was thrown before.</param>
    public static ModelException Unusable(this ModelKey key, string why, Exception? cause = null) =>
        new(ModelFault.Unusable, $"Model {key} {why}", cause);
}
