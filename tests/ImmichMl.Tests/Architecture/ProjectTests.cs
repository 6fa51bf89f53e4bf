using System.Xml.Linq;

namespace ImmichMl.Tests.Architecture;

/// <summary>The walls of the house are project references; a new arrow is a red test.</summary>
public sealed class ProjectTests
{
    static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Protocol"] = [],
        ["Imaging"] = [],
        ["Tokenizers"] = [],
        ["Graphs"] = [],
        ["Models"] = [],
        ["Service"] = [],
        ["Inference"] = ["Imaging", "Tokenizers", "Graphs", "Models"],
        ["Client"] = ["Protocol"],
        ["Daemon"] = ["Inference", "Models", "Protocol", "Service"],
        ["Bench"] = ["Client", "Imaging"],
        ["Cli"] = ["Daemon", "Bench", "Inference", "Client", "Models", "Service"],
        ["Gateway"] = ["Client", "Service"],
        ["Fetch"] = ["Models", "Protocol", "Service"],
    };

    /// <summary>Inside Inference: each folder and those it may use. What lies in the project's root uses none and serves all.</summary>
    static readonly Dictionary<string, string[]> InferenceArrows = new()
    {
        [""] = [],
        ["Sessions"] = [],
        ["Scheduling"] = ["Sessions"],
        ["Devices"] = ["Sessions"],
        ["Accelerators"] = ["Devices", "Sessions"],
        ["Preparation"] = ["Sessions"],
        ["Loading"] = ["Accelerators", "Devices", "Preparation", "Sessions"],
        ["Clip"] = ["Loading", "Scheduling", "Sessions"],
        ["Faces"] = ["Loading", "Scheduling", "Sessions"],
        ["Ocr"] = ["Loading", "Scheduling", "Sessions"],
        ["Calibrating"] = ["Clip", "Preparation", "Sessions"],
        ["Requests"] = ["Clip", "Faces", "Ocr", "Scheduling", "Sessions"],
    };

    [Test]
    public async Task There_are_thirteen_projects_and_no_others()
    {
        IEnumerable<string> found = new DirectoryInfo(Path.Combine(Repository.Root, "src")).EnumerateDirectories("ImmichMl.*")
            .Select(folder => folder.Name["ImmichMl.".Length..]);
        await Assert.That(string.Join(' ', found.Order())).IsEqualTo(string.Join(' ', Arrows.Keys.Order()));
    }

    [Test]
    public async Task A_project_refers_to_those_below_it_and_to_no_others()
    {
        foreach ((string project, string[] below) in Arrows)
        {
            IEnumerable<string> references = Items(Project(project), "ProjectReference")
                .Select(path => Path.GetFileNameWithoutExtension(path)["ImmichMl.".Length..]);
            await Assert.That(string.Join(' ', references.Order())).IsEqualTo(string.Join(' ', below.Order())).Because(project);
        }
    }

    [Test]
    public async Task A_folder_of_Inference_uses_those_below_it_and_no_others()
    {
        Dictionary<string, string[]> found = FolderArrows("Inference");
        await Assert.That(Drawn(found)).IsEqualTo(Drawn(InferenceArrows));
    }

    [Test]
    public async Task No_folders_of_a_project_use_one_another_in_a_circle()
    {
        foreach (string project in Arrows.Keys)
        {
            Dictionary<string, string[]> left = FolderArrows(project);
            while (left.Keys.Where(folder => !left[folder].Any(left.ContainsKey)).ToArray() is { Length: > 0 } lowest)
            {
                Array.ForEach(lowest, folder => left.Remove(folder));
            }

            await Assert.That(Drawn(left)).IsEqualTo("").Because(project);
        }
    }

    [Test]
    [Arguments("Microsoft.ML.OnnxRuntime", "Inference")]
    [Arguments("SkiaSharp", "Imaging")]
    [Arguments("MessagePack", "Protocol")]
    [Arguments("Microsoft.Extensions.Hosting", "Service")]
    [Arguments("System.CommandLine", "Cli")]
    public async Task A_package_has_one_home(string package, string home)
    {
        IEnumerable<string> projects = Arrows.Keys.Where(project =>
            Items(Project(project), "PackageReference").Any(name => name.StartsWith(package, StringComparison.Ordinal)));
        await Assert.That(string.Join(' ', projects)).IsEqualTo(home);
    }

    [Test]
    [Arguments("Microsoft.ML.OnnxRuntime", "Inference")]
    [Arguments("SkiaSharp", "Imaging")]
    [Arguments("MessagePack", "Protocol")]
    [Arguments("System.Net.Http", "Gateway", "Fetch")]
    [Arguments("System.Net.Sockets", "Service", "Client", "Daemon", "Bench", "Gateway", "Fetch")]
    [Arguments("System.CommandLine", "Cli")]
    [Arguments("Microsoft.Extensions.DependencyInjection", "Daemon", "Cli", "Gateway")]
    public async Task A_name_space_is_used_at_home_alone(string nameSpace, params string[] homes)
    {
        IEnumerable<string> strangers = SourceTree.Files(["src"], ".cs")
            .Where(file => !homes.Any(home => SourceTree.Name(file).StartsWith($"src/ImmichMl.{home}/", StringComparison.Ordinal)))
            .Where(file => File.ReadLines(file.FullName).Any(line => line.StartsWith($"using {nameSpace}", StringComparison.Ordinal)))
            .Select(SourceTree.Name);
        await Assert.That(string.Join('\n', strangers)).IsEqualTo("");
    }

    [Test]
    public async Task Versions_stand_in_one_file_and_every_one_of_them_is_used()
    {
        XDocument central = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"));
        HashSet<string> versions = [.. Items(central, "PackageVersion")];
        FileInfo[] files = [.. SourceTree.Files(["src", "tests"], ".csproj"), new(Path.Combine(Repository.Root, "Directory.Build.props"))];
        var used = new HashSet<string>();
        foreach (FileInfo file in files)
        {
            XDocument project = XDocument.Load(file.FullName);
            used.UnionWith(Items(project, "PackageReference"));
            await Assert.That(project.Descendants("PackageReference")
                .Where(one => one.Attribute("Version") is not null || one.Attribute("VersionOverride") is not null))
                .IsEmpty().Because(SourceTree.Name(file));
        }

        await Assert.That(string.Join(' ', used.Order())).IsEqualTo(string.Join(' ', versions.Order()));
    }

    /// <summary>
    /// Each folder that holds code and the folders of the same project that its files name, by <c>using</c> or in full. The root's own
    /// name space is seen from everywhere and counts for nobody.
    /// </summary>
    static Dictionary<string, string[]> FolderArrows(string project)
    {
        string root = Path.Combine("src", $"ImmichMl.{project}");
        ILookup<string, string> lines = SourceTree.Files([root], ".cs")
            .SelectMany(file => File.ReadLines(file.FullName).Select(line => (Folder: FolderOf(root, file), line)))
            .ToLookup(pair => pair.Folder, pair => pair.line.Split("//")[0]);
        string[] folders = [.. lines.Select(group => group.Key)];
        return lines.ToDictionary(group => group.Key, group => folders.Where(folder => folder.Length > 0 && folder != group.Key
            && group.Any(line => line.StartsWith($"using ImmichMl.{project}.{folder};", StringComparison.Ordinal)
            || line.Contains($"ImmichMl.{project}.{folder}.", StringComparison.Ordinal))).ToArray());
    }

    static string FolderOf(string root, FileInfo file) =>
        Path.GetRelativePath(Path.Combine(Repository.Root, root), file.DirectoryName!).Replace('/', '.').TrimStart('.');

    static string Drawn(Dictionary<string, string[]> arrows) =>
        string.Join('\n', arrows.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key} -> {string.Join(' ', pair.Value.Order(StringComparer.Ordinal))}"));

    static XDocument Project(string name) =>
        XDocument.Load(Path.Combine(Repository.Root, "src", $"ImmichMl.{name}", $"ImmichMl.{name}.csproj"));

    static IEnumerable<string> Items(XDocument project, string kind) =>
        project.Descendants(kind).Select(item => item.Attribute("Include")!.Value);
}
