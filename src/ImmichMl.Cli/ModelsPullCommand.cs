using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml models pull: models of the catalogue into the cache, by immich-ml-fetch.</summary>
static class ModelsPullCommand
{
    const int BarWidth = 30;

    public static Command Create() => ModelNames.Verb(
        "pull", "Fetch models into the cache. HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and HTTPS_PROXY count as elsewhere.", needsNames: true,
        static async (models, _, cancellation) =>
        {
            ModelKey[] keys = [.. models.Given.SelectMany(models.Known).Distinct()];
            foreach (string terms in keys.Select(key => models.Catalog.Find(key)?.Terms).OfType<string>().Distinct())
            {
                await Console.Error.WriteLineAsync(terms);
            }

            int code = ExitCode.Ok;
            for (int i = 0; i < keys.Length && code == ExitCode.Ok; i++)
            {
                code = await PullAsync(models, keys[i], cancellation);
            }

            return code;
        });

    static async Task<int> PullAsync(ModelNames models, ModelKey key, CancellationToken cancellation)
    {
        bool isTerminal = !Console.IsErrorRedirected;
        (int code, string message) = await new Fetcher(models.Options, models.Hub).RunAsync(
            key, replace: false, (bytes, total) =>
            {
                if (isTerminal)
                {
                    Console.Error.Write($"\r{key}  {Bar(bytes, total)}\e[K");
                }
            },
            cancellation);
        if (isTerminal)
        {
            await Console.Error.WriteAsync("\r\e[K");
        }

        if (code == 0)
        {
            string size = ByteSize.Text(models.Store.List().First(model => model.Key == key).Bytes);
            Console.WriteLine($"{key}  {size}  {models.Store.FolderOf(key)}");
            return ExitCode.Ok;
        }

        await Console.Error.WriteLineAsync($"immich-ml: {message}");
        return code is ExitCode.OurFault or ExitCode.Usage or ExitCode.OperatorFault ? code : ExitCode.OurFault;
    }

    static string Bar(long bytes, long total)
    {
        int filled = (int)(bytes * BarWidth / Math.Max(1, total));
        return $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {ByteSize.Text(bytes)} of {ByteSize.Text(total)}";
    }
}
