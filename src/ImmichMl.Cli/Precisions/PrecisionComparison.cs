using ImmichMl.Inference.Calibrating;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Cli.Precisions;

/// <summary>
/// Runs a CLIP model in single precision and in another one on the same pictures and texts, in turn, each in a process of its own. Copies
/// are made first where there are none, of both, as a daemon would have them.
/// </summary>
/// <param name="model">Its name.</param>
/// <param name="precision">The other one's name.</param>
/// <param name="optionsFor">The settings of a side, by the name of its precision.</param>
/// <param name="tell">Told what is being done.</param>
sealed class PrecisionComparison(string model, string precision, Func<string, DaemonOptions> optionsFor, Action<string> tell)
{
    /// <summary>So many runs are timed at least; with fewer inputs they come again.</summary>
    const int LeastPairs = 30;

    /// <summary>Of our own: others than those that copies are tried with when they are made.</summary>
    const int FirstText = 64, OwnTexts = 64;

    /// <summary>Between what is said of the copy in fp32 and of the one that did not pass.</summary>
    const string Parting = "; ";

    /// <summary>Behind a copy's first answer sessions follow that are faster.</summary>
    static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2);

    /// <param name="files">Pictures.</param>
    /// <param name="given">Texts; null: some of our own.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperatorException">There is no copy of that precision, or it was not used.</exception>
    /// <exception cref="FormatException">No picture can be read.</exception>
    public async Task<PrecisionResult> RunAsync(string[] files, string[]? given, CancellationToken cancellation)
    {
        DaemonOptions options = optionsFor(precision), plainOptions = optionsFor(Precision.PlainName);
        var store = new ModelStore(options.Models, new ModelCatalog(options.Models));
        ModelKey visual = new(ModelKind.ClipVisual, model), textual = new(ModelKind.ClipTextual, model);
        store.Find(visual);
        ModelKey[] keys = store.Has(textual) ? [visual, textual] : [visual];
        OwnProgram program = OwnProgram.Running() ?? throw new OperatorException("This program cannot be started once more.");
        var told = new Dictionary<ModelKey, string>();
        foreach (ModelKey key in keys)
        {
            await PrepareAsync(program, plainOptions, store, key, cancellation);
            told[key] = await PrepareAsync(program, options, store, key, cancellation);
        }

        await using PrecisionSide rounded = await PrecisionSide.StartAsync(program, options, cancellation);
        await CheckAsync(rounded, keys, precision, key => told[key], cancellation);
        await using PrecisionSide plain = await PrecisionSide.StartAsync(program, plainOptions, cancellation);
        TowerAnswers pictures = new(visual), texts = new(textual);
        await AskAsync(plain, rounded, pictures, files, path => PictureRequest(path, options.Images.MaxBytes), cancellation);
        if (pictures.Inputs.Count == 0)
        {
            throw new FormatException("There is no picture that can be read.");
        }

        string[] queries = keys.Length == 1 ? [] : given ?? [.. Enumerable.Range(FirstText, OwnTexts).Select(WrittenTexts.Write)];
        await AskAsync(plain, rounded, texts, queries, TextRequest, cancellation);
        string? without = keys.Length == 1 ? "the cache has no text model of this name"
            : queries.Length == 0 ? "no texts were given" : null;
        string Gone(ModelKey _) => "its copy was given up while it ran";
        ModelStatus[] copies = await CheckAsync(rounded, keys, precision, Gone, cancellation);
        ModelStatus[] plainCopies = await CheckAsync(plain, keys, Precision.PlainName, Gone, cancellation);
        return new PrecisionResult(pictures, texts)
        {
            Precision = precision, LeftOut = files.Length - pictures.Inputs.Count, AreOwnTexts = given is null, WithoutTexts = without,
            Copies = copies, PlainCopies = plainCopies,
            PlainResident = (await plain.Client.GetStatsAsync(cancellation)).Memory.RssBytes,
            Resident = (await rounded.Client.GetStatsAsync(cancellation)).Memory.RssBytes,
        };
    }

    /// <returns>What came of it; of a copy that did not pass, why, without what became of the one in fp32.</returns>
    async Task<string> PrepareAsync(
        OwnProgram program, DaemonOptions options, ModelStore store, ModelKey key, CancellationToken cancellation)
    {
        tell($"preparing {key} in {options.Precisions.Name}");
        int code;
        string words;
        try
        {
            (code, words) = await program.RunAsync(
                options, cancellation, DaemonHost.PrepareVerb, key.Kind.Task, key.Kind.Type, key.Name, PrepareCommand.AskedFor);
        }
        catch (OperationCanceledException)
        {
            new PreparedModels(options.Models, options.Runtime, precisions: options.Precisions)
                .ForgetTry(key, Path.Combine(store.FolderOf(key), ModelStore.ModelFileName));
            throw;
        }

        int parting = words.IndexOf(Parting, StringComparison.Ordinal);
        return code != ExitCode.Ok ? OwnProgram.WhyEnded(code, words) : parting < 0 ? words : words[(parting + Parting.Length)..];
    }

    /// <returns>How the models stand there, in the order of their keys.</returns>
    /// <exception cref="OperatorException">One of them runs in another precision.</exception>
    static async Task<ModelStatus[]> CheckAsync(
        PrecisionSide side, ModelKey[] keys, string precision, Func<ModelKey, string> why, CancellationToken cancellation)
    {
        IReadOnlyList<ModelStatus> all = (await side.Client.GetModelsAsync(cancellation)).Models;
        ModelStatus[] found = Array.ConvertAll(keys, key => all.First(
            one => one.Task == key.Kind.Task && one.Type == key.Kind.Type && one.ModelName == key.Name));
        string[] others = [.. keys.Where((_, i) => found[i].Precision != precision)
            .Select(key => $"{key} does not run in {precision} here: {why(key)}.")];
        return others.Length == 0 ? found : throw new OperatorException(string.Join('\n', others));
    }

    /// <summary>Each input to the one side and then to the other; what is no picture that can be read is left out.</summary>
    async Task AskAsync(
        PrecisionSide plain, PrecisionSide rounded, TowerAnswers tower, string[] inputs, Func<string, PredictRequest?> requestFor,
        CancellationToken cancellation)
    {
        async Task BothAsync(PredictRequest request, Action<PredictResult, PredictResult> take) => take(
            await plain.Client.PredictAsync(request, cancellation), await rounded.Client.PredictAsync(request, cancellation));
        foreach (string input in inputs)
        {
            if (requestFor(input) is not { } request)
            {
                continue;
            }

            try
            {
                for (long since = TimeProvider.System.GetTimestamp(); tower.Inputs.Count == 0
                    && TimeProvider.System.GetElapsedTime(since) < s_warmUp;)
                {
                    await BothAsync(request, (_, _) => { });
                }

                await BothAsync(request, (one, other) => tower.Add(input, one, other));
                tell($"{tower.Key}: {tower.Inputs.Count} of {inputs.Length}");
            }
            catch (MlErrorException e) when (e.Code.Name.StartsWith("image_", StringComparison.Ordinal))
            {
                // Told as left out.
            }
        }

        for (int i = 0; tower.Inputs.Count > 0 && tower.TimedPairs < LeastPairs; i++)
        {
            await BothAsync(requestFor(tower.Inputs[i % tower.Inputs.Count])!, tower.Time);
        }
    }

    PredictRequest? PictureRequest(string path, int mostBytes) => GivenInputs.ReadPicture(path, mostBytes) is not { } image ? null
        : new PredictRequest { Id = 0, Tasks = [TaskOf(ModelKind.ClipVisual)], Image = new ReadOnlySequence<byte>(image) };

    PredictRequest TextRequest(string text) => new() { Id = 0, Tasks = [TaskOf(ModelKind.ClipTextual)], Text = text };

    TaskEntry TaskOf(ModelKind kind) => new() { Task = kind.Task, Type = kind.Type, ModelName = model };
}
