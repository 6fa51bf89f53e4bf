using System.ComponentModel;

namespace ImmichMl.Daemon;

/// <summary>How to start this program once more, whatever it is called: a file, and what stands in front of the verb.</summary>
public sealed record OwnProgram(string File, IReadOnlyList<string> First)
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

        // Not by what the runtime says of itself: in a build tree it is told to be as one that was compiled ahead of time.
        string first = Environment.GetCommandLineArgs()[0];
        bool isHosted = first.EndsWith(".dll", StringComparison.Ordinal)
            && Path.GetDirectoryName(file) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return new OwnProgram(file, isHosted ? [first] : []);
    }

    /// <summary>
    /// Starts it with one of its hidden verbs, as a child that reads no settings file: what is in force is handed on. Such a verb ends when
    /// its standard input does, with us.
    /// </summary>
    /// <exception cref="Win32Exception">No process can be started.</exception>
    public Process Start(DaemonOptions options, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(File, [.. First, .. arguments])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true,
        };
        foreach ((string name, string value, _) in options.Describe())
        {
            start.Environment[name] = value;
        }

        Descriptors.KeepFromChildren();
        return Process.Start(start) ?? throw new Win32Exception("No process was started.");
    }

    /// <summary>The same, to its end; a cancellation kills it.</summary>
    /// <returns>The exit code, and the last line that was told.</returns>
    public async Task<(int Code, string Told)> RunAsync(
        DaemonOptions options, CancellationToken cancellation, params IEnumerable<string> arguments)
    {
        using Process child = Start(options, arguments);
        try
        {
            Task<string> errors = child.StandardError.ReadToEndAsync(cancellation);
            string output = await child.StandardOutput.ReadToEndAsync(cancellation);
            string told = (output + await errors).Trim();
            await child.WaitForExitAsync(cancellation);
            return (child.ExitCode, told[(told.LastIndexOf('\n') + 1)..]);
        }
        catch (OperationCanceledException)
        {
            child.Kill();
            await child.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Why a child that ended with another code than 0 did, in words.</summary>
    /// <param name="code">Its exit code.</param>
    /// <param name="told">Its last line.</param>
    public static string WhyEnded(int code, string told) =>
        code > 128 ? $"its process was ended by signal {code - 128}, as it is where memory runs out" : told;

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
