namespace ImmichMl.Tests.Support;

/// <summary>Finds the checkout that the tests were built in, or are run from.</summary>
static class Repository
{
    // TUnit makes the program's own folder the current directory; PWD still has the one that it was started in.
    public static string Root { get; } = Find(AppContext.BaseDirectory) ?? Find(Environment.GetEnvironmentVariable("PWD"))
        ?? throw new DirectoryNotFoundException("ImmichMl.slnx is not above the tests, nor above where they were started.");

    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    static string? Find(string? start)
    {
        var first = string.IsNullOrEmpty(start) ? null : new DirectoryInfo(start);
        for (var directory = first; directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "ImmichMl.slnx")))
            {
                return directory.FullName;
            }
        }

        return null;
    }
}
