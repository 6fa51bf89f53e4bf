using System.Runtime.CompilerServices;

namespace ImmichMl.Daemon;

/// <summary>How to start this program once more, whatever it is called: a file, and what stands in front of the verb.</summary>
sealed record OwnProgram(string File, IReadOnlyList<string> First)
{
    /// <summary>
    /// The native program, or in a build tree the host and the assembly that it runs. For the program's own verbs: a test has another.
    /// </summary>
    public static OwnProgram? Running()
    {
        if (Environment.ProcessPath is not { } file)
        {
            return null;
        }

        bool isHosted = RuntimeFeature.IsDynamicCodeCompiled
            && Path.GetDirectoryName(file) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return new OwnProgram(file, isHosted ? [Environment.GetCommandLineArgs()[0]] : []);
    }

    /// <summary>Another program of ours: the native one, or in a build tree the assembly that the host runs; null: not there.</summary>
    public static ProcessStartInfo? Beside(string name)
    {
        string program = Path.Combine(AppContext.BaseDirectory, name);
        string assembly = program + ".dll";
        return System.IO.File.Exists(assembly) ? new ProcessStartInfo(Environment.ProcessPath ?? "dotnet", [assembly])
            : System.IO.File.Exists(program) ? new ProcessStartInfo(program)
            : null;
    }
}
