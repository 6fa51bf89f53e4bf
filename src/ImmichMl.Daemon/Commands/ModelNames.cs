using System.CommandLine;
using ImmichMl.Models;

namespace ImmichMl.Daemon.Commands;

/// <summary>What the verbs about models share: the cache they mean, and the models that a name stands for.</summary>
sealed class ModelNames
{
    ModelNames(ModelOptions options, HubOptions hub)
    {
        Hub = hub;
        Cache = Path.GetFullPath(options.CacheFolder);
        var absolute = new ModelOptions { CacheFolder = Cache };
        Catalog = new ModelCatalog(absolute);
        Store = new ModelStore(absolute, Catalog);
    }

    public string Cache { get; }

    /// <summary>Without the service's fetcher, which serves the service's cache.</summary>
    public HubOptions Hub { get; }

    public ModelCatalog Catalog { get; }

    public ModelStore Store { get; }

    public static Argument<string[]> Argument(bool optional) => new("NAME")
    {
        Description = "Names as Immich spells them, such as ViT-B-32__openai",
        Arity = optional ? ArgumentArity.ZeroOrMore : ArgumentArity.OneOrMore,
    };

    public static ModelNames Read(ParseResult arguments)
    {
        Settings settings = new Settings().AddEnvironment().Add("MACHINE_LEARNING_CACHE_FOLDER", arguments.GetValue(Cli.Cache));
        HubOptions hub = settings.Read<HubOptions>();
        hub.FetchSocket = "";
        return new ModelNames(settings.Read<ModelOptions>(), hub);
    }

    /// <summary>Models of this name that are in the cache; of every name when it is null.</summary>
    public IReadOnlyList<ModelKey> Present(string? name)
    {
        string? wanted = name is null ? null : new ModelKey(ModelKind.ClipVisual, name).Name;
        ModelKey[] found = [.. Store.List().Where(model => model.Bytes > 0 && (wanted is null || model.Key.Name == wanted)).Select(model => model.Key)];
        return found.Length > 0 || name is null ? found : throw new OperatorException($"{name} is not in the cache {Cache}.");
    }

    /// <summary>Models of this name in the catalogue.</summary>
    public IReadOnlyList<ModelKey> Known(string name)
    {
        string wanted = new ModelKey(ModelKind.ClipVisual, name).Name;
        ModelKey[] found = [.. Catalog.Named(wanted).SelectMany(entry => entry.Types.Select(type => new ModelKey(new ModelKind(entry.Task, type), wanted)))];
        return found.Length > 0 ? found : throw new FormatException(
            $"No model '{wanted}' is known.{(Catalog.NearMatches(wanted) is { Count: > 0 } near ? $" Near it: {string.Join(", ", near)}." : "")}");
    }
}
