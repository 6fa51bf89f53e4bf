namespace ImmichMl.Tests.Support;

/// <summary>What a program left behind.</summary>
sealed record Finished(int ExitCode, string Output, string Errors);

/// <summary>
/// The real immich-ml in a process of its own: the program that was built beside these tests, or the one that IMMICH_ML_BINARY names
/// (natively published tests have none beside them).
/// </summary>
sealed partial class ChildProgram : IAsyncDisposable
{
    readonly Process _process;
    readonly Task<string> _output;
    readonly StringBuilder _errors = new();

    ChildProgram(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.Append(line.Data).Append('\n');
            }
        };
        process.BeginErrorReadLine();
        _output = process.StandardOutput.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <param name="arguments">Of the program.</param>
    /// <param name="environment">Beside what these tests have themselves, but for settings of the program; null takes a variable
    /// away.</param>
    public static ChildProgram Start(IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        Start(Locate("immich-ml"), arguments, environment);

    /// <summary>The same, started by another program.</summary>
    public static ChildProgram StartThrough(
        IEnumerable<string> starter, IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        Start([.. starter, .. Locate("immich-ml")], arguments, environment);

    /// <summary>The program started by another one, which takes its command line as its own last arguments.</summary>
    public static async Task<Finished> RunThroughAsync(IEnumerable<string> starter, IEnumerable<string> arguments)
    {
        await using ChildProgram child = Start([.. starter, .. Locate("immich-ml")], arguments, []);
        return await child.EndAsync();
    }

    static ChildProgram Start(string[] program, IEnumerable<string> arguments, (string Name, string? Value)[] environment)
    {
        // Under nohup these tests ignore SIGHUP, which the daemon takes for reload, and a child would inherit that.
        var start = new ProcessStartInfo("env", ["--default-signal=HUP", .. program, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Clean(start, environment);
        var child = new ChildProgram(Process.Start(start)!);
        child._process.StandardInput.Close();
        return child;
    }

    public static async Task<Finished> RunAsync(IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        await using ChildProgram child = Start(arguments, environment);
        return await child.EndAsync();
    }

    /// <param name="patience">For work that takes longer than any test is given; null: as all.</param>
    public async Task<Finished> EndAsync(TimeSpan? patience = null)
    {
        await _process.WaitForExitAsync().WaitAsync(patience ?? Patience.Limit);
        return new Finished(_process.ExitCode, await _output.Within(), Errors);
    }

    /// <summary>Waits until it has said something on its standard error.</summary>
    public async Task SaysAsync(string part)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!Said(part))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, patience.Token);
        }
    }

    /// <summary>What it has said there so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    bool Said(string part) => Errors.Contains(part, StringComparison.Ordinal);

    public void Terminate() => Signal(15);

    public void Signal(int number)
    {
        if (Kill(_process.Id, number) != 0)
        {
            throw new InvalidOperationException($"Process {_process.Id} is not there to be told.");
        }
    }

    public static void Clean(ProcessStartInfo start, (string Name, string? Value)[] environment)
    {
        foreach (string setting in start.Environment.Keys.Where(IsSetting).ToList())
        {
            start.Environment.Remove(setting);
        }

        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }
    }

    static bool IsSetting(string name) =>
        name.StartsWith("IMMICH_", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("MACHINE_LEARNING_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("HF_", StringComparison.OrdinalIgnoreCase) || name.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase)
        || name is "NOTIFY_SOCKET" or "WATCHDOG_USEC" or "WATCHDOG_PID" or "CREDENTIALS_DIRECTORY" or "JOURNAL_STREAM" or "LISTEN_FDS"
        or "LISTEN_PID" or "XDG_RUNTIME_DIR";

    /// <summary>The command that runs a program of ours: a native one, or the assembly beside these tests and its host.</summary>
    public static string[] Locate(string program)
    {
        if (Environment.GetEnvironmentVariable("IMMICH_ML_BINARY") is { Length: > 0 } binary)
        {
            return [program == "immich-ml" ? binary : Path.Combine(Path.GetDirectoryName(binary)!, program)];
        }

        if (!File.Exists(Path.Combine(AppContext.BaseDirectory, "ImmichMl.Tests.dll")))
        {
            Skip.Test("These tests are native and IMMICH_ML_BINARY names no program.");
        }

        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } named ? named : "dotnet";
        return [host, Path.Combine(AppContext.BaseDirectory, program + ".dll")];
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
