using System.CommandLine;
using ImmichMl.Client;
using ImmichMl.Models;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Daemon.Commands;

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
        return models;
    }

    static Command Listing(string name, Option<bool> all) =>
        new Command(name, "List models and how they stand. With --cache the folder itself is looked at and no daemon is needed.")
        {
            Cli.Cache, all, Cli.Socket, Cli.Timeout, Cli.Json,
        }.Does(async (arguments, cancellation) =>
        {
            IReadOnlyList<ModelStatus> models = arguments.GetValue(Cli.Cache) is { Length: > 0 } folder
                ? OnDisk(folder)
                : await AskAsync(arguments, cancellation);
            ModelStatus[] shown = [.. models.Where(model => arguments.GetValue(all) || model.State != "absent")];
            Console.WriteLine(arguments.GetValue(Cli.Json) ? ToJson(shown) : ToText(shown));
            return Cli.Ok;
        });

    static async Task<IReadOnlyList<ModelStatus>> AskAsync(ParseResult arguments, CancellationToken cancellation)
    {
        await using MlClient client = Cli.Connect(arguments);
        return (await client.GetModelsAsync(cancellation)).Models;
    }

    static ModelStatus[] OnDisk(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new OperatorException($"{folder} is no folder.");
        }

        var options = new ModelOptions { CacheFolder = folder };
        var store = new ModelStore(options, new ModelCatalog(options));
        return
        [
            .. store.List().Select(model => new ModelStatus
            {
                Task = model.Key.Kind.Task, Type = model.Key.Kind.Type, ModelName = model.Key.Name, Bytes = model.Bytes,
                State = model.Bytes > 0 ? "cached" : "absent",
            }),
        ];
    }

    static string ToText(ModelStatus[] models)
    {
        if (models.Length == 0)
        {
            return "No models are in the cache.";
        }

        int width = models.Max(model => model.ModelName.Length);
        return string.Join('\n', models.Select(model =>
            $"{model.Task,-18}  {model.Type,-11}  {model.ModelName.PadRight(width)}  {model.State,-7}  {Output.Bytes(model.Bytes),9}  {model.Device}".TrimEnd() + Licence(model)));
    }

    /// <summary>The catalogue's sentence about how the model may be used; empty where it has none.</summary>
    static string Licence(ModelStatus model) => s_catalog.Find(model.Task, model.ModelName)?.Terms is { } terms ? $"  {terms}" : "";

    static readonly ModelCatalog s_catalog = new();

    static string ToJson(IEnumerable<ModelStatus> models) => Output.Array(models.Select(model => Output.Object(
    [
        ("task", Output.Text(model.Task)), ("type", Output.Text(model.Type)), ("modelName", Output.Text(model.ModelName)),
        ("state", Output.Text(model.State)), ("bytes", Output.Number(model.Bytes)), ("device", Output.Text(model.Device)),
        ("idleMs", Output.Number(model.IdleMs)), ("licence", Output.Text(Licence(model).Trim())),
    ])));
}
