using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>What the verbs about models share: the cache they mean, and the models that a name stands for.</summary>
sealed class ModelNames
{
    ModelNames(ModelOptions options, HubOptions hub, string[] given)
    {
        (Hub, Given) = (hub, given);
        Cache = Path.GetFullPath(options.CacheFolder);
        Options = new ModelOptions { CacheFolder = Cache, Revision = options.Revision };
        Catalog = new ModelCatalog(Options);
        Store = new ModelStore(Options, Catalog);
    }

    public string Cache { get; }

    /// <summary>The cache, and the revision that is meant.</summary>
    public ModelOptions Options { get; }

    /// <summary>As the user named them.</summary>
    public string[] Given { get; }

    /// <summary>The models in the cache that were named; all where none was.</summary>
    public IEnumerable<ModelKey> Chosen => (Given.Length > 0 ? Given.SelectMany(Present) : Present(null)).Distinct();

    /// <summary>Without the service's fetcher, which serves the service's cache.</summary>
    public HubOptions Hub { get; }

    public ModelCatalog Catalog { get; }

    public ModelStore Store { get; }

    /// <summary>A verb that takes names of models, the cache, and whatever more it needs.</summary>
    public static Command Verb(
        string verb, string description, bool needsNames, Func<ModelNames, ParseResult, CancellationToken, Task<int>> action,
        params Option[] more)
    {
        var names = new Argument<string[]>("NAME")
        {
            Description = "Names as Immich spells them, such as ViT-B-32__openai",
            Arity = needsNames ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
        };
        var command = new Command(verb, description) { names };
        foreach (Option option in (Option[])[.. more, CommandLine.Revision, CommandLine.Cache])
        {
            command.Add(option);
        }

        return command.Does((arguments, cancellation) => action(Read(arguments, arguments.GetValue(names) ?? []), arguments, cancellation));
    }

    public static ModelNames Read(ParseResult arguments, params string[] given)
    {
        Settings settings = new Settings().AddEnvironment().Add("MACHINE_LEARNING_CACHE_FOLDER", arguments.GetValue(CommandLine.Cache))
            .Add("MACHINE_LEARNING_MODEL_REVISION", arguments.GetValue(CommandLine.Revision));
        HubOptions hub = settings.Read<HubOptions>();
        hub.FetchSocket = "";
        ModelOptions options = settings.Read<ModelOptions>();
        CheckFolder(options);
        return new ModelNames(options, hub, given);
    }

    /// <exception cref="OperatorException">What is to be the cache is a file.</exception>
    public static void CheckFolder(ModelOptions options)
    {
        if (ModelFile.KindOf(options.CacheFolder) is FileKind.Regular or FileKind.Special)
        {
            throw new OperatorException(
                $"{options.CacheFolder} is no folder: --cache or MACHINE_LEARNING_CACHE_FOLDER names the folder of the model cache.");
        }
    }

    /// <summary>Models of this name that are in the cache in the revision that is meant; of every name when it is null.</summary>
    public IReadOnlyList<ModelKey> Present(string? name)
    {
        string? wanted = name is null ? null : new ModelKey(ModelKind.ClipVisual, name).Name;
        ModelKey[] found =
            [.. Store.List().Where(model => model.Bytes > 0 && (wanted is null || model.Key.Name == wanted)).Select(model => model.Key)];
        return (found.Length > 0 && name is not null) || Store.Unreadable() is not { Count: > 0 } unreadable
            ? found.Length > 0 || name is null ? found : throw Absent(name, wanted!)
            : throw NotAll(unreadable);
    }

    OperatorException Absent(string name, string wanted)
    {
        string others = Store.OtherRevisions(
            Store.ListRevisions().Where(model => model.Key.Name == wanted && model.Bytes > 0).Select(model => model.Revision));
        return new OperatorException(others.Length == 0 ? $"{name} is not in the cache {Cache}."
            : $"{name} is not in the cache {Cache} in revision {Store.Revision}; {others} (--revision).");
    }

    /// <summary>What cannot be looked at is not missing: nobody can say what is there.</summary>
    public static OperatorException NotAll(IReadOnlyList<string> unreadable) =>
        new($"Not all of the cache can be looked at: {string.Join(" ", unreadable)}");

    /// <summary>Models of this name in the catalogue.</summary>
    public IReadOnlyList<ModelKey> Known(string name)
    {
        string wanted = new ModelKey(ModelKind.ClipVisual, name).Name;
        ModelKey[] found =
        [
            .. from entry in Catalog.Named(wanted)
               from type in entry.Types
               select new ModelKey(new ModelKind(entry.Task, type), wanted),
        ];
        string near = string.Join(", ", Catalog.NearMatches(wanted));
        return found.Length > 0 ? found
            : throw new FormatException($"No model '{wanted}' is known.{(near.Length > 0 ? $" Near it: {near}." : "")}");
    }
}
