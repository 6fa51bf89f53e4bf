using System.Diagnostics;
using System.Globalization;
using ImmichMl.Models;

namespace ImmichMl.Daemon;

/// <summary>
/// immich-ml-fetch as a child: a model's name goes in as arguments, lines come out of its standard output, and its standard input ties
/// its life to ours.
/// </summary>
sealed class FetchProgram(string cache)
{
    const string Name = "immich-ml-fetch";

    /// <summary>Its exit code, 0 when the model is in the cache, and why otherwise.</summary>
    public async Task<(int Code, string Message)> RunAsync(ModelKey key, bool replace, Action<long, long> progress, CancellationToken cancellation)
    {
        ProcessStartInfo? start = Locate();
        if (start is null)
        {
            return (3, $"{Name} is not beside this program.");
        }

        string[] arguments = [.. replace ? (string[])["--replace"] : [], cache, key.Kind.Task, key.Kind.Type, key.Name];
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        using Process child = Process.Start(start) ?? throw new OperatorException($"{Name} cannot be started.");
        await using CancellationTokenRegistration stop = cancellation.Register(child.StandardInput.Close);
        string message = "it ended without a word";
        while (await child.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (line.Split(' ') is ["progress", var bytes, var total])
            {
                progress(long.Parse(bytes, CultureInfo.InvariantCulture), long.Parse(total, CultureInfo.InvariantCulture));
            }
            else if (line.StartsWith("failed ", StringComparison.Ordinal))
            {
                message = line["failed ".Length..];
            }
        }

        await child.WaitForExitAsync(CancellationToken.None);
        return (child.ExitCode, child.ExitCode == 0 ? "" : message);
    }

    /// <summary>The native program, or in a build tree the assembly that the same host runs.</summary>
    static ProcessStartInfo? Locate()
    {
        string program = Path.Combine(AppContext.BaseDirectory, Name);
        string assembly = program + ".dll";
        return File.Exists(assembly) ? new ProcessStartInfo(Environment.ProcessPath ?? "dotnet", [assembly])
            : File.Exists(program) ? new ProcessStartInfo(program)
            : null;
    }
}
