namespace ImmichMl.Inference;

/// <summary>What two generations of Immich do differently with the same picture and the same model.</summary>
public sealed record ImmichRules(string Name)
{
    public const string Older = "2.7";
    public const string Newer = "3.3";
}
