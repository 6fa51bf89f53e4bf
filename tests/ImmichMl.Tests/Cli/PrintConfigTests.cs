namespace ImmichMl.Tests.Cli;

/// <summary>What is in force can be seen, and what can be set is written down.</summary>
public sealed class PrintConfigTests
{
    static (string Name, string Value, string Description)[] Known { get; } = [.. DaemonOptions.Read(new Settings()).Describe()];

    [Test]
    public async Task Every_setting_has_one_name_and_a_description()
    {
        await Assert.That(Known.Select(setting => setting.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count()).IsEqualTo(Known.Length);
        await Assert.That(Known.Where(setting => setting.Description.Length == 0)).IsEmpty();
        await Assert.That(Known.Select(setting => setting.Name)).Contains("MACHINE_LEARNING_CACHE_FOLDER");
    }

    [Test]
    public async Task Print_config_shows_every_setting_once_and_what_it_prints_can_be_read_back()
    {
        using var folder = new TempFolder();
        Finished printed = await ChildProgram.RunAsync(
            ["serve", "--print-config", "--cache", "/given/by/the command line"],
            ("MACHINE_LEARNING_QUEUE", "7"), ("machine_learning_model_arena", "no"));
        await Assert.That((printed.ExitCode, printed.Errors)).IsEqualTo((0, "\n")).Because(printed.Errors);
        string[] lines = printed.Output.Split('\n');
        foreach ((string name, _, string description) in Known)
        {
            await Assert.That(lines.Count(line => line.StartsWith($"{name}=", StringComparison.Ordinal))).IsEqualTo(1).Because(name);
            await Assert.That(lines).Contains($"# {description}");
        }

        string file = folder.Write(System.Text.Encoding.UTF8.GetBytes(printed.Output), "printed");
        DaemonOptions read = DaemonOptions.Read(new Settings().AddFile(file));
        await Assert.That((read.Models.CacheFolder, read.Runtime.Queue, read.Runtime.Arena))
            .IsEqualTo(("/given/by/the command line", 7, false));
    }

    [Test]
    public async Task Print_config_prints_JSON_too_and_reads_a_file()
    {
        using var folder = new TempFolder();
        string file = folder.Write("MACHINE_LEARNING_QUEUE=8\nMACHINE_LEARNING_REQUEST_THREADS=2\n"u8, "settings");
        Finished printed = await ChildProgram.RunAsync(
            ["serve", "--print-config", "--json", "--config", file], ("MACHINE_LEARNING_REQUEST_THREADS", "3"));
        await Assert.That(printed.ExitCode).IsEqualTo(0).Because(printed.Errors);
        using var document = JsonDocument.Parse(printed.Output);
        var values = document.RootElement.EnumerateObject().ToDictionary(setting => setting.Name, setting => setting.Value.GetString());
        await Assert.That(values.Count).IsEqualTo(Known.Length);
        await Assert.That((values["MACHINE_LEARNING_QUEUE"], values["MACHINE_LEARNING_REQUEST_THREADS"])).IsEqualTo(("8", "3"));
    }

    [Test]
    public async Task A_bad_setting_is_named_and_the_exit_code_is_3()
    {
        Finished refused = await ChildProgram.RunAsync(["serve", "--print-config"], ("MACHINE_LEARNING_QUEUE", "plenty"));
        await Assert.That(refused.ExitCode).IsEqualTo(3);
        await Assert.That(refused.Errors).Contains("MACHINE_LEARNING_QUEUE=plenty");
    }
}
