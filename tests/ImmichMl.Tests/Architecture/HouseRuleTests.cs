using System.Text.RegularExpressions;

namespace ImmichMl.Tests.Architecture;

/// <summary>Rules of ARCHITECTURE.md that a machine can check.</summary>
public sealed partial class HouseRuleTests
{
    static readonly string[] Folders = ["src", "tests", "models", "packaging", "systemd", ".ci"];

    static readonly string[] RootFiles =
    [
        "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "global.json", "nuget.config", "ImmichMl.slnx", "Directory.Build.props",
        "Directory.Packages.props", "BannedSymbols.txt", ".editorconfig", ".gitignore", ".gitattributes", ".git",
    ];

    // In pieces, so that this file does not find itself.
    static readonly Regex Unfinished = new(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X|NotImplemented" + @"Exception)\b",
        RegexOptions.CultureInvariant);

    [Test]
    public async Task The_root_holds_the_folders_and_files_of_the_plan_and_nothing_else()
    {
        await Assert.That(SourceTree.RootEntries(folders: true).Except(Folders)).IsEmpty();
        await Assert.That(SourceTree.RootEntries(folders: false).Except(RootFiles)).IsEmpty();
    }

    [Test]
    public async Task No_source_file_is_over_300_lines_and_half_of_them_are_at_most_100()
    {
        (string Name, int Lines)[] files =
            [.. SourceTree.Files(["src", "tests"], ".cs", ".ts")
            .Select(file => (SourceTree.Name(file), File.ReadLines(file.FullName).Count())).OrderBy(file => file.Item2)];
        await Assert.That(files.Length).IsGreaterThan(100);
        await Assert.That(files.Where(file => file.Lines > 300)).IsEmpty();
        await Assert.That(files[files.Length / 2].Lines).IsLessThanOrEqualTo(100);
    }

    [Test]
    public async Task No_line_of_code_is_over_140_characters()
    {
        IEnumerable<string> found =
            from file in SourceTree.Files(["src", "tests"], ".cs")
            from line in File.ReadLines(file.FullName).Index()
            where line.Item.Length > 140
            select $"{SourceTree.Name(file)}:{line.Index + 1}";
        await Assert.That(string.Join('\n', found)).IsEqualTo("");
    }

    [Test]
    public async Task No_file_and_no_type_is_called_by_a_word_that_says_nothing()
    {
        string[] inTypes = ["Manager", "Helper", "Helpers", "Utils", "Util", "Utilities", "Service", "Base"];
        string[] inSourceToo = [.. inTypes, "Common", "Shared", "Core", "Abstractions"];
        foreach (FileInfo file in SourceTree.Files(["src", "tests"], ".cs", ".ts"))
        {
            string name = SourceTree.Name(file);
            string[] banned = name.StartsWith("src/", StringComparison.Ordinal) ? inSourceToo : inTypes;
            IEnumerable<string> types = Declarations().Matches(await File.ReadAllTextAsync(file.FullName))
                .Select(type => type.Groups["name"].Value);
            IEnumerable<string> words = name.Replace("ImmichMl.Service/", "", StringComparison.Ordinal)
                .Replace("ImmichMl.Tests/Service/", "", StringComparison.Ordinal).Split('/').Concat(types)
                .SelectMany(one => Words().Matches(one)).Select(word => word.Value);
            await Assert.That(words.Intersect(banned)).IsEmpty().Because(name);
        }
    }

    [Test]
    public async Task Nothing_is_left_unfinished_in_the_sources()
    {
        IEnumerable<string> found =
            from file in SourceTree.Files(["src", "tests"], ".cs", ".ts", ".csproj", ".py", ".sh")
            from line in File.ReadLines(file.FullName).Index()
            where Unfinished.IsMatch(line.Item)
            select $"{SourceTree.Name(file)}:{line.Index + 1}: {line.Item.Trim()}";
        await Assert.That(string.Join('\n', found)).IsEqualTo("");
    }

    [Test]
    public async Task The_plan_of_the_house_fits_on_150_lines()
    {
        string[] plan = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "ARCHITECTURE.md"));
        await Assert.That(plan.Length).IsBetween(1, 150);
    }

    [GeneratedRegex(@"^[^/\n""]*\b(class|struct|record|interface|enum)\s+(?<name>[A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex Declarations();

    [GeneratedRegex("[A-Z][a-z0-9]*|[a-z]+")]
    private static partial Regex Words();
}
