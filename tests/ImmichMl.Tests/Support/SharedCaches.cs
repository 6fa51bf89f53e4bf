namespace ImmichMl.Tests.Support;

/// <summary>Model caches made of the shared one, once for all tests: with models of revision v2, or with other configurations.</summary>
static class SharedCaches
{
    static readonly Lock s_lock = new();
    static readonly Dictionary<string, string> s_made = [];

    public static string Legacy => SharedData.File("models", "cache");

    /// <summary>Its models as v2's, by tools/make_v2.py, in the folders of the revision main: nothing but the graphs tells.</summary>
    /// <param name="options">Of that tool.</param>
    public static string V2(params string[] options) => Made($"v2 {string.Join(' ', options)}", folder =>
        Convert(Legacy, folder, ["--revision", ".", .. options]));

    /// <summary>One CLIP model under several names, each with a preprocess_cfg.json of its own.</summary>
    /// <param name="cache">Where it is taken from.</param>
    /// <param name="model">Which one.</param>
    /// <param name="settings">resize_mode and interpolation.</param>
    public static string Configured(string cache, string model, (string Mode, string Filter)[] settings) =>
        Made($"{cache} {model}", folder =>
        {
            foreach ((string mode, string filter) in settings)
            {
                string source = Path.Combine(cache, "clip", model, "visual");
                string target = Path.Combine(folder, "clip", $"{mode}_{filter}", "visual");
                Directory.CreateDirectory(target);
                foreach (string file in Directory.GetFiles(source))
                {
                    File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
                }

                string path = Path.Combine(target, "preprocess_cfg.json");
                File.WriteAllText(path, File.ReadAllText(path)
                    .Replace("\"bicubic\"", $"\"{filter}\"", StringComparison.Ordinal)
                    .Replace("\"shortest\"", $"\"{mode}\"", StringComparison.Ordinal));
            }
        });

    static string Made(string name, Action<string> make)
    {
        lock (s_lock)
        {
            if (!s_made.TryGetValue(name, out string? folder))
            {
                folder = Directory.CreateTempSubdirectory("immich-ml-shared-").FullName;
                AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
                make(folder);
                s_made.Add(name, folder);
            }

            return folder;
        }
    }

    /// <summary>By Debian's Python, or the one of the path; skips where neither has onnx.</summary>
    static void Convert(string cache, string folder, string[] options)
    {
        string tool = SharedData.File("tools", "make_v2.py"), python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        if (Run(python, "-c", "import onnx, numpy") != 0)
        {
            Skip.Test("Python has no onnx (Debian: python3-onnx).");
        }

        if (Run(python, [tool, cache, folder, .. options]) != 0)
        {
            throw new InvalidOperationException("make_v2.py failed.");
        }
    }

    static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
