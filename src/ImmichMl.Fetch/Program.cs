using ImmichMl.Models;

// Fetching is not built yet. What is here already: the catalogue decides what may be fetched at all.
if (args is not [var name])
{
    await Console.Error.WriteLineAsync("usage: immich-ml-fetch NAME");
    return 2;
}

var catalog = new ModelCatalog();
bool known = ModelKind.All.Any(kind => catalog.NamesOf(kind.Task).Contains(name, StringComparer.Ordinal));
await Console.Error.WriteLineAsync(known
    ? $"immich-ml-fetch: {name} is in the catalogue, but this version does not fetch yet. Put its files into the cache by hand."
    : $"immich-ml-fetch: {name} is not in the catalogue.");
return known ? 3 : 2;
