using System.CommandLine;
using System.Reflection;
using ImmichMl.Cli.Demo;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Cli;

/// <summary>immich-ml demo: the real daemon on a private socket, a model and pictures of our own, and what came back.</summary>
static class DemoCommand
{
    const string ModelName = "synthetic__demo";
    const string About = "made by this project, it knows colours and their layout.";
    const string ResourcePrefix = "demo/";

    sealed record Embedded(DemoPicture Picture, PredictResult Result);

    public static Command Create() => new Command(
        "demo", """
            See it work with nothing else at hand: starts the daemon on a private socket with a tiny synthetic model, sends it pictures that
            the program draws itself, prints which ones it finds alike, and stops.
            """)
    {
        CommandLine.Json,
    }.Does(async (arguments, cancellation) =>
    {
        CommandLine.CheckLibraries(new ImageLimits());
        string folder = Directory.CreateTempSubdirectory("immich-ml-demo-").FullName;
        try
        {
            Unpack(folder);
            return await RunAsync(folder, arguments, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    static async Task<int> RunAsync(string folder, ParseResult arguments, CancellationToken cancellation)
    {
        string socket = Path.Combine(folder, "immich-ml.sock");
        Settings settings = new Settings().Add(MlClientOptions.SocketVariable, socket).Add("MACHINE_LEARNING_CACHE_FOLDER", folder);
        using IHost host = DaemonHost.BuildSilent(DaemonOptions.Read(settings));
        long since = TimeProvider.System.GetTimestamp();
        await host.StartAsync(cancellation);
        await using var client = new MlClient(new MlClientOptions { SocketPath = socket });
        await client.PingAsync(cancellation);
        double started = TimeProvider.System.GetElapsedTime(since).TotalMilliseconds;
        Embedded[] pictures = await Task.WhenAll(DemoPictures.Draw().Select(picture => EmbedAsync(client, picture, cancellation)));
        FacesAndText others = await FacesAndText.AskAsync(client, ModelName, cancellation);
        DemoQueries queries = await DemoQueries.AskAsync(
            client, ModelName, [.. pictures.Select(picture => (picture.Picture, picture.Result.Clip!))], cancellation);
        await host.StopAsync(cancellation);
        arguments.Print(ToJson(pictures), $"{ToText(pictures, socket, started)}\n\n{queries.Describe()}\n\n{others.Describe()}");
        return others.IsRight && queries.IsRight ? ExitCode.Ok : ExitCode.OurFault;
    }

    static async Task<Embedded> EmbedAsync(MlClient client, DemoPicture picture, CancellationToken cancellation)
    {
        TaskEntry[] tasks = [new TaskEntry { Task = "clip", Type = "visual", ModelName = ModelName }];
        var request = new PredictRequest { Id = 0, Tasks = tasks, Image = new ReadOnlySequence<byte>(picture.Image) };
        return new Embedded(picture, await client.PredictAsync(request, cancellation));
    }

    /// <summary>The others, most alike first.</summary>
    static IEnumerable<FoundPicture> Ranked(Embedded of, Embedded[] all) =>
        from other in all
        where other != of
        let cosine = TensorPrimitives.CosineSimilarity(of.Result.Clip, other.Result.Clip)
        orderby cosine descending
        select new FoundPicture(other.Picture, cosine);

    static string ToText(Embedded[] pictures, string socket, double started)
    {
        int width = pictures.Max(picture => picture.Picture.Name.Length);
        IEnumerable<string> lines = pictures.Select(picture =>
        {
            IEnumerable<string> nearest = Ranked(picture, pictures).Take(3).Select(other => $"{other.Picture.Name} {other.Cosine:0.00}");
            return $"  {picture.Picture.Name.PadRight(width)}  {picture.Result.ImageWidth,4} × {picture.Result.ImageHeight,-4} "
                + $"{string.Join(", ", nearest)}\n"
                + $"  {"".PadRight(width)}  {EmbedCommand.TimeText(picture.Result.Timings)}";
        });
        Embedded[] related = [.. pictures.Where(picture => pictures.Count(other => other.Picture.Family == picture.Picture.Family) > 1)];
        int right = related.Count(picture => Ranked(picture, pictures).First().Picture.Family == picture.Picture.Family);
        int numbers = pictures[0].Result.Clip?.Length ?? 0;
        return $"""
            A daemon listened on {socket}
            and answered its first ping {started:0.0} ms after it was started. Model {ModelName}: {About}

            {pictures.Length} pictures drawn by this program, and for each the three most alike (cosine of their {numbers} numbers):

            {string.Join('\n', lines)}

            {right} of the {related.Length} that have a relative found it first. The daemon has stopped.
            """;
    }

    static JsonText ToJson(Embedded[] pictures) => JsonText.List(pictures.Select(picture => JsonText.Of(
        ("name", picture.Picture.Name), ("family", picture.Picture.Family), ("totalMs", picture.Result.Timings.Total),
        ("alike", JsonText.List(Ranked(picture, pictures).Select(other =>
            JsonText.Of(("name", other.Picture.Name), ("cosine", other.Cosine))))))));

    /// <summary>Writes the models that are compiled in to a cache folder of their own.</summary>
    static void Unpack(string folder)
    {
        Assembly assembly = typeof(DemoCommand).Assembly;
        string[] names = assembly.GetManifestResourceNames();
        foreach (string name in names.Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            string path = Path.Combine(folder, name[ResourcePrefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using Stream resource = assembly.GetManifestResourceStream(name)!;
            using FileStream file = File.Create(path);
            resource.CopyTo(file);
        }
    }
}
