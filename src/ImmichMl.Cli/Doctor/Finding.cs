namespace ImmichMl.Cli.Doctor;

enum Verdict
{
    Good,

    /// <summary>It works, and could be better.</summary>
    Warning,

    /// <summary>Something will not work.</summary>
    Bad,
}

/// <summary>What one look at the machine found, and in plain words what to do about it; nothing where all is well.</summary>
sealed record Finding(string About, Verdict Verdict, string Found, string Advice = "");
