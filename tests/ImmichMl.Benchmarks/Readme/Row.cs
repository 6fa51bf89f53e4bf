namespace ImmichMl.Benchmarks.Readme;

/// <summary>A line of README's table. Numbers are written as the invariant culture does: the project has no other.</summary>
sealed record Row(string What, string Figure)
{
    public override string ToString() => $"| {What} | {Figure} |";
}
