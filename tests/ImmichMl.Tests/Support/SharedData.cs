namespace ImmichMl.Tests.Support;

/// <summary>The data that is too big for the repository: IMMICH_ML_SHARED names its folder.</summary>
static class SharedData
{
    const string Variable = "IMMICH_ML_SHARED";

    public static bool IsConfigured => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Reports the running test as skipped where there is no such folder; a folder that is named and missing fails it.</summary>
    public static string Directory
    {
        get
        {
            if (!IsConfigured)
            {
                Skip.Test($"{Variable} is not set.");
            }

            var directory = Environment.GetEnvironmentVariable(Variable)!;
            return System.IO.Directory.Exists(directory)
                ? directory
                : throw new DirectoryNotFoundException($"{Variable} names {directory}, which does not exist.");
        }
    }

    public static string File(params string[] parts) => Path.Combine([Directory, .. parts]);
}
