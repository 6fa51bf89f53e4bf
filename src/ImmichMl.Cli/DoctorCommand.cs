using System.CommandLine;
using ImmichMl.Cli.Doctor;

namespace ImmichMl.Cli;

/// <summary>immich-ml doctor: looks at everything that the daemon needs and says what to do where something is missing.</summary>
static class DoctorCommand
{
    const string ServiceConfig = "/etc/immich-ml/immich-ml.conf";
    const string ServiceCache = "/var/cache/immich-ml";
    const string CacheVariable = "MACHINE_LEARNING_CACHE_FOLDER";

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var config = new Option<string?>("--config")
        {
            Description = $"The daemon's file of settings [default: {ServiceConfig}, if it can be read]",
            HelpName = "FILE",
        };
        return new Command(
            "doctor", "Look at the processor, libraries, devices, memory, cache, models, disk and socket, "
            + "and say in plain words what to do.\n"
            + "Ask as the daemon's user to see what it sees: sudo -u immich-ml immich-ml doctor. Exit code 3 when something will not work.")
        {
            config, CommandLine.Cache, CommandLine.Socket, CommandLine.Json,
        }.Does((arguments, cancellation) => RunAsync(arguments, arguments.GetValue(config), cancellation));
    }

    static async Task<int> RunAsync(ParseResult arguments, string? config, CancellationToken cancellation)
    {
        DaemonOptions options = Options(arguments, config);
        Finding[] findings =
        [
            .. MachineChecks.All(options.Devices), .. CacheChecks.All(options.Models, options.Preload),
            await SocketChecks.DaemonAsync(CommandLine.Connection(arguments, s_patience), cancellation),
        ];
        arguments.Print(ToJson(findings), ToText(findings));
        return findings.Any(finding => finding.Verdict == Verdict.Bad) ? ExitCode.OperatorFault : ExitCode.Ok;
    }

    /// <summary>As the service would have them: its file and its cache are taken where nothing else is said.</summary>
    static DaemonOptions Options(ParseResult arguments, string? config)
    {
        var settings = new Settings();
        if (Directory.Exists(ServiceCache))
        {
            settings.Add(CacheVariable, ServiceCache);
        }

        if (config is not null || Permission.IsAllowed(ServiceConfig, Permission.Read))
        {
            settings.AddFile(config ?? ServiceConfig);
        }

        return DaemonOptions.Read(settings.AddEnvironment().Add(CacheVariable, arguments.GetValue(CommandLine.Cache)));
    }

    static string ToText(Finding[] findings)
    {
        IEnumerable<string> lines = findings.Select(finding =>
            $"{Word(finding.Verdict),-5} {finding.About,-10} {finding.Found}"
            + (finding.Advice.Length > 0 ? $"\n                 {finding.Advice}" : ""));
        int bad = findings.Count(finding => finding.Verdict == Verdict.Bad);
        int warnings = findings.Count(finding => finding.Verdict == Verdict.Warning);
        string sum = bad > 0 ? $"{bad} things will not work, {warnings} could be better."
            : warnings > 0 ? $"It works; {warnings} things could be better." : "All is well.";
        return string.Join('\n', [.. lines, "", sum]);
    }

    static JsonText ToJson(Finding[] findings) => JsonText.List(findings.Select(finding => JsonText.Of(
        ("about", finding.About), ("verdict", Word(finding.Verdict)), ("found", finding.Found), ("advice", finding.Advice))));

    static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Good => "ok",
        Verdict.Warning => "warn",
        _ => "bad",
    };
}
