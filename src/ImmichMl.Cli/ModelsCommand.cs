using System.CommandLine;

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
            CommandLine.Cache, all,
        }.Asks(async (client, arguments, cancellation) =>
        {
            IReadOnlyList<string> unreadable = [];
            string? folder = arguments.GetValue(CommandLine.Cache);
            StatsResult? stats = folder is { Length: > 0 } ? null : await client.GetStatsAsync(cancellation);
            IEnumerable<Listed> models = stats?.Models.Select(model => new Listed(model)) ?? OnDisk(folder!, out unreadable);
            string? rules = stats is null ? null : (await client.GetInfoAsync(cancellation)).Rules ?? ImmichJson.OlderRules;
            Listed[] shown = [.. models.Where(model => arguments.GetValue(all) || model.Status.State != "absent")];
            if (shown.Length > 0 || unreadable.Count == 0)
            {
                arguments.Print(ToJson(shown), ToText(shown, stats?.Downloads ?? [], rules));
            }

            return unreadable.Count == 0 ? ExitCode.Ok : throw ModelNames.NotAll(unreadable);
        });

    /// <summary>A line of the list. A daemon tells of the revision that it serves alone, and does not name it.</summary>
    sealed record Listed(ModelStatus Status, string? Revision = null, bool InForce = true);

    static Listed[] OnDisk(string folder, out IReadOnlyList<string> unreadable)
    {
        ModelOptions options = new Settings().AddEnvironment().Add("MACHINE_LEARNING_CACHE_FOLDER", folder).Read<ModelOptions>();
        var store = new ModelStore(options, new ModelCatalog(options));
        unreadable = store.Unreadable();
        if (ModelFile.KindOf(folder) is FileKind.Missing or FileKind.Regular or FileKind.Special)
        {
            throw new OperatorException($"{folder} is no folder.");
        }

        return
        [
            .. store.ListRevisions().Select(model => new Listed(
                new ModelStatus
                {
                    Task = model.Key.Kind.Task, Type = model.Key.Kind.Type, ModelName = model.Key.Name, Bytes = model.Bytes,
                    State = model.Bytes > 0 ? "cached" : "absent",
                },
                model.Revision, model.Revision == store.Revision)),
        ];
    }

    /// <summary>
    /// A table for a terminal, cut at its width, under a heading that says by which Immich's rules the daemon runs the models; else a
    /// whole line a model, which programs may cut at double blanks.
    /// </summary>
    static string ToText(Listed[] models, IReadOnlyList<DownloadProgress> downloads, string? rules)
    {
        if (models.Length == 0)
        {
            return "No models are in the cache.";
        }

        int width = models.Max(model => model.Status.ModelName.Length);
        int ofRevision = models.Max(model => model.Revision is { } revision ? Math.Max(revision.Length, "revision".Length) + 2 : 0);
        string Line(string name, string task, string type, string revision, string size, string state, string licence) =>
            $"{name.PadRight(width)}  {task,-18}  {type,-11}  {revision.PadRight(ofRevision)}{size,9}  {state,-12}  {licence}".TrimEnd();
        IEnumerable<string> lines = models.Select(model => Line(
            model.Status.ModelName, model.Status.Task, model.Status.Type, model.Revision ?? "", ByteSize.Text(model.Status.Bytes),
            model.InForce ? StateOf(model.Status, downloads) : "not in force", Licence(model.Status)));
        if (Console.IsOutputRedirected)
        {
            return string.Join('\n', lines);
        }

        lines = lines.Prepend(Line("name", "task", "type", ofRevision > 0 ? "revision" : "", "size", "state", "licence"));
        lines = rules is null ? lines : lines.Prepend($"Rules of Immich {rules}");
        return string.Join('\n', lines.Select(line => Cut(line, Console.WindowWidth)));
    }

    static string Cut(string line, int width) => line.Length > width && width > 1 ? line[..(width - 1)] + "…" : line;

    static string StateOf(ModelStatus model, IReadOnlyList<DownloadProgress> downloads) =>
        model.State == "loading" && downloads.FirstOrDefault(one => one.ModelName == model.ModelName) is { TotalBytes: > 0 } download
            ? $"loading {download.Bytes * 100 / download.TotalBytes} %"
            : model.Device.Length > 0 ? $"{model.State} {model.Device}{(model.Precision is null or "fp32" ? "" : $" {model.Precision}")}"
            : model.State;

    /// <summary>The catalogue's sentence about how the model may be used; empty where it has none.</summary>
    static string Licence(ModelStatus model) => s_catalog.Find(model.Task, model.ModelName)?.Terms ?? "";

    static readonly ModelCatalog s_catalog = new();

    static JsonText ToJson(IEnumerable<Listed> models) => JsonText.List(models.Select(model => JsonText.Of(
    [
        ("task", model.Status.Task), ("type", model.Status.Type), ("modelName", model.Status.ModelName), ("state", model.Status.State),
        ("bytes", model.Status.Bytes), ("device", model.Status.Device), ("idleMs", model.Status.IdleMs),
        ("licence", Licence(model.Status)), ("precision", model.Status.Precision), ("precisionNote", model.Status.PrecisionNote),
        ("copyBytes", model.Status.CopyBytes),
        .. model.Revision is { } revision ? [("revision", revision), ("inForce", model.InForce)] : ((string, JsonText)[])[],
    ])));
}
