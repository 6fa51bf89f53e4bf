using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>What the verbs about models share: the cache they mean, and the models that a name stands for.</summary>
sealed class ModelNames
{
    ModelNames(ModelOptions options, HubOptions hub, string[] given)
    {
        (Hub, Given) = (hub, given);
        Cache = Path.GetFullPath(options.CacheFolder);
        var absolute = new ModelOptions { CacheFolder = Cache };
        Catalog = new ModelCatalog(absolute);
        Store = new ModelStore(absolute, Catalog);
    }

    public string Cache { get; }

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
        foreach (Option option in (Option[])[.. more, CommandLine.Cache])
        {
            command.Add(option);
        }

        return command.Does((arguments, cancellation) => action(Read(arguments, arguments.GetValue(names) ?? []), arguments, cancellation));
    }

    public static ModelNames Read(ParseResult arguments, params string[] given)
    {
        Settings settings = new Settings().AddEnvironment().Add("MACHINE_LEARNING_CACHE_FOLDER", arguments.GetValue(CommandLine.Cache));
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

    /// <summary>Models of this name that are in the cache; of every name when it is null.</summary>
    public IReadOnlyList<ModelKey> Present(string? name)
    {
        string? wanted = name is null ? null : new ModelKey(ModelKind.ClipVisual, name).Name;
        ModelKey[] found =
            [.. Store.List().Where(model => model.Bytes > 0 && (wanted is null || model.Key.Name == wanted)).Select(model => model.Key)];
        return (found.Length > 0 && name is not null) || Store.Unreadable() is not { Count: > 0 } unreadable
            ? found.Length > 0 || name is null ? found : throw new OperatorException($"{name} is not in the cache {Cache}.")
            : throw NotAll(unreadable);
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
