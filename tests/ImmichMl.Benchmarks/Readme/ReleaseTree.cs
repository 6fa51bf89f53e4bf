namespace ImmichMl.Benchmarks.Readme;

/// <summary>What packaging/publish.sh makes, or the folder of the installed programs: never what a build left somewhere.</summary>
sealed class ReleaseTree
{
    const string OnDisk = "on disk";

    const string PartsName = "sbom.cdx.json";

    static readonly string[] s_programs = ["immich-ml", "immich-ml-gateway", "immich-ml-fetch"];
    static readonly string[] s_libraries = ["libonnxruntime.so", "libSkiaSharp.so"];

    readonly string _folder;
    readonly string _parts;
    readonly string _licences;

    ReleaseTree(string folder, string parts, string licences) => (_folder, _parts, _licences) = (folder, parts, licences);

    public string Daemon => Path.Combine(_folder, s_programs[0]);

    public string Gateway => Path.Combine(_folder, s_programs[1]);

    /// <exception cref="InvalidDataException">It is neither.</exception>
    public static ReleaseTree Open(string folder)
    {
        folder = Path.GetFullPath(folder);
        string[] wanted = [.. s_programs, .. s_libraries];
        string[] found = Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file))] : [];
        string[] documents = [folder, Path.Combine(folder, "..", "..", "share", "doc", "immich-ml")];
        string? document = documents.FirstOrDefault(one => File.Exists(Path.Combine(one, PartsName)));
        string fault = wanted.Except(found).FirstOrDefault() is { } missing ? $"{missing} is missing"
            : found.Except(wanted).FirstOrDefault(name => name != PartsName) is { } foreign ? $"{foreign} belongs to none"
            : document is null ? "there is no list of parts"
            : !File.Exists(Path.Combine(document, "licenses", "NOTICES.txt")) ? "there are no licences"
            : "";
        return fault.Length == 0
            ? new ReleaseTree(folder, Path.Combine(document!, PartsName), Path.Combine(document!, "licenses"))
            : throw new InvalidDataException($"{folder} is neither a release tree nor the folder of installed programs: {fault}.");
    }

    public double Megabytes(string name) => new FileInfo(Path.Combine(_folder, name)).Length / 1e6;

    public Row Sizes()
    {
        double documents = (new FileInfo(_parts).Length + Directory.GetFiles(_licences).Sum(file => new FileInfo(file).Length)) / 1e6;
        double all = s_programs.Concat(s_libraries).Sum(Megabytes) + documents;
        return new Row(
            OnDisk,
            $"`immich-ml` {Megabytes(s_programs[0]):0.0} MB, the gateway {Megabytes(s_programs[1]):0.0} MB, "
                + $"the fetcher {Megabytes(s_programs[2]):0.0} MB; ONNX Runtime {Megabytes(s_libraries[0]):0.0} MB, "
                + $"Skia {Megabytes(s_libraries[1]):0.0} MB; with licences {all:0.0} MB");
    }

    /// <summary>That of ONNX Runtime, from the list of parts.</summary>
    public string RuntimeVersion()
    {
        using var parts = JsonDocument.Parse(File.ReadAllBytes(_parts));
        return parts.RootElement.GetProperty("components").EnumerateArray()
            .First(part => part.GetProperty("name").GetString() == "Microsoft.ML.OnnxRuntime").GetProperty("version").GetString()!;
    }

    /// <summary>
    /// The programs do not name their commit, but the list of parts has its time (publish.sh takes it from there). A checkout with changes
    /// has its last commit's time as well, and is told.
    /// </summary>
    public async Task<string> CommitAsync(string repository)
    {
        using var parts = JsonDocument.Parse(await File.ReadAllBytesAsync(_parts));
        long built = parts.RootElement.GetProperty("metadata").GetProperty("timestamp").GetDateTimeOffset().ToUnixTimeSeconds();
        string log = await GitAsync(repository, "log", "-n", "1000", "--format=%h %ct");
        string? line = log.Split('\n').FirstOrDefault(line => line.EndsWith($" {built}", StringComparison.Ordinal));
        string status = await GitAsync(repository, "status", "--porcelain", "src", "packaging");
        string changes = status.Length > 0 ? " (the checkout has changes)" : "";
        return line is null ? $"unknown (built at {built})" : $"{line.Split(' ')[0]}{changes}";
    }

    static async Task<string> GitAsync(string repository, params string[] arguments)
    {
        using Process git = Process.Start(new ProcessStartInfo("git", ["-C", repository, .. arguments]) { RedirectStandardOutput = true })!;
        return await git.StandardOutput.ReadToEndAsync();
    }
}
