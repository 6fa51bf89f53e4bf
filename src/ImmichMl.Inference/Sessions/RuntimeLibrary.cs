namespace ImmichMl.Inference.Sessions;

/// <summary>The native ONNX Runtime: present or not, telemetry off, initialised at the first model and not before.</summary>
public static partial class RuntimeLibrary
{
    public const string FileName = "libonnxruntime.so";

    static readonly Lazy<OrtEnv> s_environment = new(Initialise);
    static readonly HashSet<string> s_registered = new(StringComparer.Ordinal);
    static string? s_folder;

    /// <summary>
    /// ONNX Runtime has telemetry compiled in and on: it writes a device id and a database below the home directory. Only the native
    /// environment reaches it, hence setenv; it is not thread-safe, so programs call this first thing in Main.
    /// </summary>
    public static void DisableTelemetry()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SetEnvironmentVariable("ORT_DISABLE_TELEMETRY", "1", overwrite: 1);
        }
    }

    /// <summary>Looks for a native library's file where the loader will, without loading it.</summary>
    public static bool IsPresent(string fileName)
    {
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Prepend(AppContext.BaseDirectory)
            .Any(folder => File.Exists(Path.Combine(folder, fileName)));
    }

    /// <summary>
    /// Takes the library from this folder and not from beside the program. Before anything of ONNX Runtime is touched, or never.
    /// </summary>
    /// <exception cref="ProviderMissingException">There is none.</exception>
    public static void UseFolder(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new ProviderMissingException($"MACHINE_LEARNING_ONNXRUNTIME_DIR={folder}: there is no {FileName}.");
        }

        if (s_folder is null)
        {
            s_folder = folder;
            OrtEnv.DisableDllImportResolver = true;
            NativeLibrary.SetDllImportResolver(
                typeof(OrtEnv).Assembly, (name, _, _) => name.Contains("onnxruntime", StringComparison.Ordinal)
                    && !name.Contains("extensions", StringComparison.Ordinal)
                    ? NativeLibrary.Load(path)
                    : 0);
        }
    }

    /// <summary>Loads a plug-in provider's library, once for a process; false where it was there already.</summary>
    /// <exception cref="OnnxRuntimeException">It does not load or is no such library.</exception>
    internal static bool TryRegister(string name, string path)
    {
        lock (s_registered)
        {
            if (s_registered.Contains(path))
            {
                return false;
            }

            Environment.RegisterExecutionProviderLibrary($"{name}@{path}", path);
            return s_registered.Add(path);
        }
    }

    /// <summary>Loads and initialises the library, once.</summary>
    /// <exception cref="DllNotFoundException">It is missing or cannot be loaded.</exception>
    internal static OrtEnv Environment
    {
        get
        {
            try
            {
                return s_environment.Value;
            }
            catch (TypeInitializationException e)
            {
                // What a missing or too old native library looks like from the managed binding.
                throw new DllNotFoundException($"ONNX Runtime ({FileName}) cannot be loaded: {e.InnerException?.Message ?? e.Message}", e);
            }
        }
    }

    /// <summary>Of the managed binding, which refuses a native library that is older, and of the build that stands in for ours.</summary>
    internal static string Version => s_folder is null ? s_version : $"{s_version} {Environment.GetVersionString()} {s_folder}";

    static readonly string s_version = typeof(OrtEnv).Assembly.GetName().Version?.ToString() ?? "0";

    static OrtEnv Initialise()
    {
        DisableTelemetry();
        // What it would log as an error it throws as well, and we log that in our own form.
        var options = new EnvironmentCreationOptions { logId = "immich-ml", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        OrtEnv environment = OrtEnv.CreateInstanceWithOptions(ref options);
        CpuArena.Register(environment);
        return environment;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}
