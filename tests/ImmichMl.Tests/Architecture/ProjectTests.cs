using System.Xml.Linq;
using ImmichMl.Tests.Support;

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
    [Arguments("System.Net.Http", "Bench", "Gateway", "Fetch")]
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

    static XDocument Project(string name) =>
        XDocument.Load(Path.Combine(Repository.Root, "src", $"ImmichMl.{name}", $"ImmichMl.{name}.csproj"));

    static IEnumerable<string> Items(XDocument project, string kind) =>
        project.Descendants(kind).Select(item => item.Attribute("Include")!.Value);
}
