using System.CommandLine;
using ImmichMl.Bench;
using ImmichMl.Client;
using ImmichMl.Models;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Cli;

/// <summary>immich-ml models: what there is, as the daemon sees it or, with --cache, as it lies on disk.</summary>
static class ModelsCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Also the models that are known and not in the cache" };
        Command models = Listing("models", all);
        models.Subcommands.Add(Listing("list", all));
        models.Subcommands.Add(ModelsPullCommand.Create());
        models.Subcommands.Add(ModelsVerifyCommand.Create());
        models.Subcommands.Add(ModelsImportCommand.Create());
        models.Subcommands.Add(ModelsExportCommand.Create());
        models.Subcommands.Add(ModelsRemoveCommand.Create());
        models.Subcommands.Add(ModelsPrepareCommand.Create());
        return models;
    }

    static Command Listing(string name, Option<bool> all) =>
        new Command(name, "List models and how they stand. With --cache the folder itself is looked at and no daemon is needed.")
        {
            CommandLine.Cache, all, CommandLine.Socket, CommandLine.Timeout, CommandLine.Json,
        }.Does(async (arguments, cancellation) =>
        {
            IReadOnlyList<string> unreadable = [];
            (IReadOnlyList<ModelStatus> models, IReadOnlyList<DownloadProgress> downloads) = arguments.GetValue(CommandLine.Cache) is { Length: > 0 } folder
                ? (OnDisk(folder, out unreadable), [])
                : await AskAsync(arguments, cancellation);
            ModelStatus[] shown = [.. models.Where(model => arguments.GetValue(all) || model.State != "absent")];
            if (shown.Length > 0 || unreadable.Count == 0)
            {
                Console.WriteLine(arguments.GetValue(CommandLine.Json) ? ToJson(shown) : ToText(shown, downloads));
            }

            return unreadable.Count == 0 ? ExitCode.Ok : throw ModelNames.NotAll(unreadable);
        });

    static async Task<(IReadOnlyList<ModelStatus> Models, IReadOnlyList<DownloadProgress> Downloads)> AskAsync(ParseResult arguments, CancellationToken cancellation)
    {
        await using MlClient client = CommandLine.Connect(arguments);
        StatsResult stats = await client.GetStatsAsync(cancellation);
        return (stats.Models, stats.Downloads);
    }

    static ModelStatus[] OnDisk(string folder, out IReadOnlyList<string> unreadable)
    {
        var options = new ModelOptions { CacheFolder = folder };
        var store = new ModelStore(options, new ModelCatalog(options));
        unreadable = store.Unreadable();
        if (ModelFile.KindOf(folder) is FileKind.Missing or FileKind.Regular or FileKind.Special)
        {
            throw new OperatorException($"{folder} is no folder.");
        }

        return
        [
            .. store.List().Select(model => new ModelStatus
            {
                Task = model.Key.Kind.Task, Type = model.Key.Kind.Type, ModelName = model.Key.Name, Bytes = model.Bytes,
                State = model.Bytes > 0 ? "cached" : "absent",
            }),
        ];
    }

    /// <summary>A table for a terminal, cut at its width; else one uncut line a model, which programs may cut at the double blanks.</summary>
    static string ToText(ModelStatus[] models, IReadOnlyList<DownloadProgress> downloads)
    {
        if (models.Length == 0)
        {
            return "No models are in the cache.";
        }

        int width = models.Max(model => model.ModelName.Length);
        IEnumerable<string> lines = models.Select(model =>
            $"{model.ModelName.PadRight(width)}  {model.Task,-18}  {model.Type,-11}  {ByteSize.Text(model.Bytes),9}  {StateOf(model, downloads),-12}  {Licence(model)}".TrimEnd());
        return Console.IsOutputRedirected ? string.Join('\n', lines) : string.Join(
            '\n', lines.Prepend($"{"name".PadRight(width)}  {"task",-18}  {"type",-11}  {"size",9}  {"state",-12}  licence").Select(line => line.Length > Console.WindowWidth && Console.WindowWidth > 1 ? line[..(Console.WindowWidth - 1)] + "…" : line));
    }

    static string StateOf(ModelStatus model, IReadOnlyList<DownloadProgress> downloads) =>
        model.State == "loading" && downloads.FirstOrDefault(one => one.ModelName == model.ModelName) is { TotalBytes: > 0 } download
            ? $"loading {download.Bytes * 100 / download.TotalBytes} %"
            : model.Device.Length > 0 ? $"{model.State} {model.Device}" : model.State;

    /// <summary>The catalogue's sentence about how the model may be used; empty where it has none.</summary>
    static string Licence(ModelStatus model) => s_catalog.Find(model.Task, model.ModelName)?.Terms ?? "";

    static readonly ModelCatalog s_catalog = new();

    static string ToJson(IEnumerable<ModelStatus> models) => JsonText.Array(models.Select(model => JsonText.Object(
    [
        ("task", JsonText.Text(model.Task)), ("type", JsonText.Text(model.Type)), ("modelName", JsonText.Text(model.ModelName)),
        ("state", JsonText.Text(model.State)), ("bytes", JsonText.Number(model.Bytes)), ("device", JsonText.Text(model.Device)),
        ("idleMs", JsonText.Number(model.IdleMs)), ("licence", JsonText.Text(Licence(model))),
    ])));
}
