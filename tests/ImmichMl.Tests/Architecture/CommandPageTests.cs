using System.CommandLine;

namespace ImmichMl.Tests.Architecture;

/// <summary>The man page and the completions say what the command line says.</summary>
public sealed class CommandPageTests
{
    static RootCommand Root => ImmichMl.Cli.Program.Root();

    [Test]
    public async Task The_man_page_holds_every_verb_and_option() => await GeneratedFile.CheckAsync(
        "packaging/man/immich-ml.1", CommandPages.Man(Root,
        await File.ReadAllTextAsync(Path.Combine(Repository.Root, "packaging", "man", "immich-ml.1.in"))));

    [Test]
    public Task Bash_completes_every_verb_and_option() =>
        GeneratedFile.CheckAsync("packaging/completions/immich-ml.bash", CommandPages.Bash(Root));

    [Test]
    public Task Zsh_completes_every_verb_and_option() =>
        GeneratedFile.CheckAsync("packaging/completions/_immich-ml", CommandPages.Zsh(Root));

    [Test]
    public Task Fish_completes_every_verb_and_option() =>
        GeneratedFile.CheckAsync("packaging/completions/immich-ml.fish", CommandPages.Fish(Root));
}
