namespace ImmichMl.Tests.Architecture;

/// <summary>The tables of settings, for people and for man: each from its template (.in) and the declarations.</summary>
public sealed class SettingPageTests
{
    const string Head = "| setting | default | meaning |\n|---|---|---|\n";

    static (string Name, string Value, string Description)[] Daemon { get; } =
        [.. DaemonOptions.Read(new Settings(), new SystemMemory(1L << 40, 1L << 40, IsGroups: false)).Describe()];

    static (string Name, string Value, string Description)[] Gateway { get; } = [.. Settings.Describe(new GatewayOptions())];

    [Test]
    public Task SETTINGS_md_holds_every_setting_with_default_and_meaning() =>
        CheckAsync("packaging/SETTINGS.md", settings => Head + string.Concat(settings.Select(one =>
            $"| `{one.Name}` | {Shown(one.Name, one.Value)} | {one.Description.Replace("|", "\\|", StringComparison.Ordinal)} |\n")));

    [Test]
    public Task The_man_page_of_the_settings_holds_them_too() =>
        CheckAsync("packaging/man/immich-ml.conf.5", settings => string.Concat(settings.Select(one =>
            $".TP\n\\fB{Roff(one.Name)}\\fR ({Roff(Shown(one.Name, one.Value))})\n{Roff(one.Description)}\n")));

    static async Task CheckAsync(string name, Func<(string Name, string Value, string Description)[], string> table)
    {
        string template = await File.ReadAllTextAsync(Path.Combine(Repository.Root, name + ".in"));
        await GeneratedFile.CheckAsync(name, template.Replace("@DAEMON@\n", table(Daemon), StringComparison.Ordinal)
            .Replace("@GATEWAY@\n", table(Gateway), StringComparison.Ordinal));
    }

    /// <summary>What hangs on the machine or on who asks, in words.</summary>
    static string Shown(string name, string value) => name switch
    {
        MlClientOptions.SocketVariable => "$XDG_RUNTIME_DIR/immich-ml.sock, else /run/immich-ml/immich-ml.sock",
        "MACHINE_LEARNING_CACHE_FOLDER" => "~/.cache/immich_ml",
        "MACHINE_LEARNING_REQUEST_THREADS" => "cores",
        _ => value.Length > 0 ? value : "empty",
    };

    static string Roff(string text)
    {
        string escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.Length > 0 && escaped[0] is '.' or '\'' ? "\\&" + escaped : escaped;
    }
}
