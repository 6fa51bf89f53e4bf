using System.CommandLine;
using ImmichMl.Inference.Devices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Cli;

/// <summary>
/// immich-ml parity: the user's own pictures through a model twice, on the CPU in single precision and as the settings say, both in this
/// process and not in the running daemon.
/// </summary>
static class ParityCommand
{
    const int MostPictures = 1000;

    static readonly Option<string> s_model = CommandLine.Model("--model", "Name of a CLIP or face model", "ViT-B-32__openai");
    static readonly Option<bool> s_faces = new("--faces")
    {
        Description = "The face models of that name, where there are CLIP models as well",
    };

    static readonly Argument<string[]> s_pictures = new("PICTURE")
    {
        Description = "Pictures, or folders of them", Arity = ArgumentArity.OneOrMore,
    };

    static readonly Option<string?> s_config = new("--config")
    {
        Description = "File of NAME=value lines; the environment goes before it", HelpName = "FILE",
    };

    /// <param name="Where">The devices that the model ran on.</param>
    /// <param name="Embeddings">Of every picture, or of every face in the order of the pictures.</param>
    /// <param name="Boxes">Of every face, with the number of its picture.</param>
    /// <param name="Milliseconds">Model time of all pictures.</param>
    sealed record Side(string Where, List<float[]> Embeddings, List<(int Picture, float[] Box)> Boxes, double Milliseconds);

    public static Command Create() => new Command(
        "parity", "Compare a model as the settings run it (accelerator, precision) with single precision on the CPU, "
        + "on pictures of your own:\ncosine of the embeddings, and how many of the ten nearest pictures (or faces) are the same.")
    {
        s_pictures, s_model, s_faces, s_config, CommandLine.Cache, CommandLine.Json,
    }.Does(RunAsync);

    static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        string[] files = [.. arguments.GetValue(s_pictures)!.SelectMany(FilesOf).Take(MostPictures)];
        if (files.Length == 0)
        {
            throw new FormatException("There is no picture.");
        }

        Task<Side> Ask(bool onCpu) =>
            AskAsync(Given(arguments, onCpu), arguments.GetValue(s_model)!, arguments.GetValue(s_faces), files, cancellation);
        Side reference = await Ask(onCpu: true), other = await Ask(onCpu: false);
        (List<float[]> a, List<float[]> b) =
            reference.Boxes.Count + other.Boxes.Count > 0 ? FacesOfBoth(reference, other) : (reference.Embeddings, other.Embeddings);
        if (a.Count == 0)
        {
            throw new FormatException("Nothing was found on the pictures that could be compared.");
        }

        EmbeddingParity parity = EmbeddingParity.Of(a, b);
        return arguments.Print(ToJson(parity, reference, other, files.Length), ToText(parity, reference, other, files.Length));
    }

    static IEnumerable<string> FilesOf(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : [path];

    static Settings Given(ParseResult arguments, bool onCpu)
    {
        var settings = new Settings();
        if (arguments.GetValue(s_config) is { } config)
        {
            settings.AddFile(config);
        }

        settings.AddEnvironment().Add("MACHINE_LEARNING_DOWNLOAD", "off")
            .Add("MACHINE_LEARNING_CACHE_FOLDER", arguments.GetValue(CommandLine.Cache));
        if (onCpu)
        {
            settings.Add("MACHINE_LEARNING_PROVIDER", ExecutionDevice.CpuProvider).Add("MACHINE_LEARNING_PREPARE_MODELS", "false");
            foreach (string name in DeviceOptions.Placements)
            {
                settings.Add(name, ExecutionDevice.CpuProvider);
            }
        }

        return settings;
    }

    static async Task<Side> AskAsync(Settings settings, string model, bool faces, string[] files, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("immich-ml-parity-").FullName;
        try
        {
            settings.Add(MlClientOptions.SocketVariable, Path.Combine(folder, "immich-ml.sock"));
            DaemonOptions options = DaemonOptions.Read(settings);
            using IHost host = DaemonHost.BuildSilent(options);
            await host.StartAsync(cancellation);
            await using var client = new MlClient(new MlClientOptions { SocketPath = options.Serve.SocketPath });
            TaskEntry[] tasks = TasksFor(model, faces, host.Services.GetRequiredService<ModelStore>());
            var side = new Side("", [], [], 0);
            for (int i = 0; i < files.Length; i++)
            {
                var image = new ReadOnlySequence<byte>(await File.ReadAllBytesAsync(files[i], cancellation));
                PredictResult result = await client.PredictAsync(new PredictRequest { Id = 0, Tasks = tasks, Image = image }, cancellation);
                side = side with { Milliseconds = side.Milliseconds + result.Timings.Inference };
                side.Embeddings.AddRange(result.Clip is { } clip ? [clip] : result.Faces!.Select(face => face.Embedding!));
                side.Boxes.AddRange(result.Faces?.Select(face => (i, face.BoundingBox)) ?? []);
            }

            ModelsResult models = await client.GetModelsAsync(cancellation);
            await host.StopAsync(cancellation);
            IEnumerable<string> devices = models.Models.Where(one => one.Device.Length > 0).Select(one => one.Device).Distinct();
            return side with { Where = string.Join(" and ", devices) };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static TaskEntry[] TasksFor(string model, bool faces, ModelStore store)
    {
        TaskEntry Task(ModelKind kind) => new() { Task = kind.Task, Type = kind.Type, ModelName = model };
        bool HasFaces() => Directory.Exists(store.FolderOf(new ModelKey(ModelKind.FaceRecognition, model)));
        bool HasClip() => Directory.Exists(store.FolderOf(new ModelKey(ModelKind.ClipVisual, model)));
        return !faces && (HasClip() || !HasFaces())
            ? [Task(ModelKind.ClipVisual)] : [Task(ModelKind.FaceDetection), Task(ModelKind.FaceRecognition)];
    }

    /// <summary>Faces that both sides found: those whose boxes cover one another by more than half.</summary>
    static (List<float[]> Reference, List<float[]> Other) FacesOfBoth(Side reference, Side other)
    {
        List<float[]> a = [], b = [];
        for (int i = 0; i < reference.Boxes.Count; i++)
        {
            (int picture, float[] box) = reference.Boxes[i];
            int match = other.Boxes.FindIndex(face => face.Picture == picture && Overlap(face.Box, box) > 0.5);
            if (match >= 0)
            {
                a.Add(reference.Embeddings[i]);
                b.Add(other.Embeddings[match]);
            }
        }

        return (a, b);
    }

    static double Overlap(float[] a, float[] b)
    {
        double both = Math.Max(0, Math.Min(a[2], b[2]) - Math.Max(a[0], b[0])) * Math.Max(0, Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]));
        return both / (((a[2] - a[0]) * (a[3] - a[1])) + ((b[2] - b[0]) * (b[3] - b[1])) - both);
    }

    static string FacesText(EmbeddingParity parity, Side reference, Side other) => reference.Boxes.Count == 0 ? ""
        : $", {reference.Boxes.Count} faces on the one side, {other.Boxes.Count} on the other, {parity.Count} on both";

    static string ToText(EmbeddingParity parity, Side reference, Side other, int pictures) => $"""
        pictures   {pictures}{FacesText(parity, reference, other)}
        reference  {reference.Where}, single precision, {reference.Milliseconds / pictures:0.0} ms of model time a picture
        compared   {other.Where}, {other.Milliseconds / pictures:0.0} ms
        cosine     worst {parity.WorstCosine:0.000000}, mean {parity.MeanCosine:0.000000}
        neighbours {(parity.Neighbours > 0 ? $"{parity.Overlap:P1} of the {parity.Neighbours} nearest are the same" : "one thing has none")}
        """;

    static JsonText ToJson(EmbeddingParity parity, Side reference, Side other, int pictures) => JsonText.Of(
        ("pictures", pictures), ("compared", parity.Count), ("reference", reference.Where), ("device", other.Where),
        ("worstCosine", parity.WorstCosine), ("meanCosine", parity.MeanCosine), ("neighbours", parity.Neighbours),
        ("overlap", parity.Overlap), ("referenceMs", reference.Milliseconds / pictures), ("deviceMs", other.Milliseconds / pictures));
}
