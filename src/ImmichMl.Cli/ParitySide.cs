using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Cli;

/// <summary>The models of one name and task, which answer a picture together.</summary>
sealed record ParitySubject(string Task, string ModelName, TaskEntry[] Tasks);

/// <summary>A face or a text that a subject found on a picture, or the picture as a whole.</summary>
/// <param name="Picture">Its number.</param>
/// <param name="Corners">x and y in pixels, a face's top left and bottom right, a text's four; empty for the whole picture.</param>
/// <param name="Text">What was read; null where nothing was to be.</param>
/// <param name="Embedding">Null for a text.</param>
sealed record Found(int Picture, float[] Corners, string? Text, float[]? Embedding);

/// <summary>What each subject found on the same pictures, with one set of settings.</summary>
/// <param name="Subjects">In their order.</param>
/// <param name="Where">The devices that their models ran on.</param>
/// <param name="Milliseconds">Model time of all pictures.</param>
/// <param name="LeftOut">Pictures that are none that can be read.</param>
sealed record ParitySide(
    IReadOnlyList<(ParitySubject Subject, List<Found> Found)> Subjects, string Where, double Milliseconds, IReadOnlySet<int> LeftOut)
{
    /// <summary>Asks a daemon of this process alone, whose socket is in a folder that goes with it.</summary>
    public static async Task<ParitySide> AskAsync(
        Settings settings, Func<ModelStore, IReadOnlyList<ParitySubject>> choose, string[] files, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("immich-ml-parity-").FullName;
        try
        {
            settings.Add(MlClientOptions.SocketVariable, Path.Combine(folder, "immich-ml.sock"));
            DaemonOptions options = DaemonOptions.Read(settings);
            using IHost host = DaemonHost.BuildSilent(options);
            await host.StartAsync(cancellation);
            await using var client = new MlClient(new MlClientOptions { SocketPath = options.Serve.SocketPath });
            ParitySide side = await AskAsync(client, choose(host.Services.GetRequiredService<ModelStore>()), files, cancellation);
            await host.StopAsync(cancellation);
            return side;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<ParitySide> AskAsync(
        MlClient client, IReadOnlyList<ParitySubject> subjects, string[] files, CancellationToken cancellation)
    {
        var all = new List<(ParitySubject, List<Found>)>();
        var devices = new SortedSet<string>(StringComparer.Ordinal);
        var leftOut = new HashSet<int>();
        double milliseconds = 0;
        int mostBytes = new ImageLimits().MaxBytes;
        foreach (ParitySubject subject in subjects)
        {
            var found = new List<Found>();
            for (int i = 0; i < files.Length; i++)
            {
                if (GivenInputs.ReadPicture(files[i], mostBytes) is not { } image)
                {
                    leftOut.Add(i);
                    continue;
                }

                try
                {
                    var request = new PredictRequest { Id = 0, Tasks = subject.Tasks, Image = new ReadOnlySequence<byte>(image) };
                    PredictResult result = await client.PredictAsync(request, cancellation);
                    milliseconds += result.Timings.Inference;
                    found.AddRange(FoundIn(result, i));
                }
                catch (MlErrorException e) when (e.Code.Name.StartsWith("image_", StringComparison.Ordinal))
                {
                    leftOut.Add(i);
                }
            }

            ModelsResult models = await client.GetModelsAsync(cancellation);
            devices.UnionWith(models.Models.Select(model => model.Device).Where(device => device.Length > 0));
            all.Add((subject, found));

            // One subject's models may be all that fits.
            foreach (TaskEntry task in subject.Tasks)
            {
                await client.UnloadAsync(new ModelAddress(task.Task, task.Type, task.ModelName), cancellation);
            }
        }

        return new ParitySide(all, string.Join(" and ", devices), milliseconds, leftOut);
    }

    static IEnumerable<Found> FoundIn(PredictResult result, int picture)
    {
        int width = result.ImageWidth!.Value, height = result.ImageHeight!.Value;
        float[] Pixels(float[] box) => [.. box.Select((value, i) => MathF.Round(value * (i % 2 == 0 ? width : height)))];
        return result switch
        {
            { Clip: { } clip } => [new Found(picture, [], null, clip)],
            { Faces: { } faces } => faces.Select(face => new Found(picture, face.BoundingBox, null, face.Embedding)),
            { Ocr: { } ocr } => ocr.Box.Chunk(8).Select((box, i) => new Found(picture, Pixels(box), ocr.Text![i], null)),
            _ => [],
        };
    }
}
