using System.CommandLine;
using ImmichMl.Cli.Precisions;
using ImmichMl.Inference;
using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Cli;

/// <summary>
/// immich-ml parity: the user's own pictures through models twice, on the CPU in single precision and as the settings say, or by the rules
/// of two Immichs, both in this process and not in the running daemon; or on the CPU in two precisions, each in a process of its own.
/// </summary>
static class ParityCommand
{
    static readonly Option<string> s_model =
        CommandLine.Model("--model", "Name of a CLIP or face model, with --rules also of an OCR model", "ViT-B-32__openai");
    static readonly Option<bool> s_faces = new("--faces")
    {
        Description = "The face models of that name, where there are CLIP models as well",
    };

    static readonly Argument<string[]> s_pictures = new("PICTURE")
    {
        Description = "Pictures, or folders of them", Arity = ArgumentArity.OneOrMore,
    };

    static readonly Option<string?> s_rules = new("--rules")
    {
        Description = "Compare two of Immich's rules: every model of the cache, or those of --model", HelpName = "2.7,3.3",
    };

    static readonly Option<string?> s_precision = new("--precision")
    {
        Description = "Compare a CLIP model in int8 or int8-fast with fp32, both on the CPU; a copy is made where there is none",
        HelpName = "int8|int8-fast",
    };

    static readonly Option<string?> s_queries = new("--queries")
    {
        Description = "With --precision: queries to search your pictures for, one in a line [default: 64 of our own]", HelpName = "FILE",
    };

    static readonly Option<string?> s_html = new("--html")
    {
        Description = "With --precision: write a page that shows the searches which change most, with your pictures in it",
        HelpName = "OUT.html",
    };

    static readonly Option<string?> s_config = new("--config")
    {
        Description = "File of NAME=value lines; the environment goes before it", HelpName = "FILE",
    };

    public static Command Create() => new Command(
        "parity", "Compare a model as the settings run it (accelerator, precision) with single precision on the CPU, "
        + "on pictures of your own:\ncosine of the embeddings, and how many of the ten nearest pictures (or faces) are the same. "
        + "With --rules two of Immich's rules are compared instead: how many texts, boxes and embeddings change.\n"
        + "With --precision int8 or int8-fast is compared with fp32: what searches find, time, memory.")
    {
        s_pictures, s_model, s_faces, s_rules, s_precision, s_queries, s_html, s_config, CommandLine.Cache, CommandLine.Json,
    }.Does(RunAsync);

    static Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        string[] files = GivenInputs.Pictures(arguments.GetValue(s_pictures)!);
        string[]? rules = arguments.GetValue(s_rules)?.Split(',', StringSplitOptions.TrimEntries);
        string? precision = arguments.GetValue(s_precision);
        if (precision is null && (arguments.GetValue(s_queries) ?? arguments.GetValue(s_html)) is not null)
        {
            throw new FormatException("--queries and --html belong to --precision.");
        }

        return files.Length == 0 ? throw new FormatException("There is no picture.")
            : precision is not null ? rules is null && !arguments.GetValue(s_faces)
                ? ComparePrecisionsAsync(arguments, files, precision, cancellation)
                : throw new FormatException("--precision goes with neither --rules nor --faces: those models are always fp32.")
            : rules is null ? CompareDevicesAsync(arguments, files, cancellation)
            : rules is [var before, var after] && rules.All(one => one is ImmichRules.Older or ImmichRules.Newer)
                ? CompareRulesAsync(arguments, files, before, after, cancellation)
            : throw new FormatException("--rules takes two of 2.7 and 3.3, such as 2.7,3.3.");
    }

    static async Task<int> CompareDevicesAsync(ParseResult arguments, string[] files, CancellationToken cancellation)
    {
        Task<ParitySide> Ask(bool onCpu) => ParitySide.AskAsync(
            Given(arguments, onCpu), store => [SubjectFor(arguments.GetValue(s_model)!, arguments.GetValue(s_faces), store)], files,
            cancellation);
        ParitySide reference = await Ask(onCpu: true), other = await Ask(onCpu: false);
        var change = ParityChange.Of(reference.Subjects[0].Found, other.Subjects[0].Found);
        EmbeddingParity parity = change.Embeddings
            ?? throw new FormatException("Nothing was found on the pictures that could be compared.");
        int pictures = files.Length - reference.LeftOut.Count;
        return arguments.Print(ToJson(parity, reference, other, pictures), ToText(parity, change, reference, other, pictures));
    }

    static async Task<int> ComparePrecisionsAsync(
        ParseResult arguments, string[] files, string precision, CancellationToken cancellation)
    {
        if (Precision.Rounded.All(one => one.Name != precision))
        {
            throw new FormatException($"--precision takes {string.Join(" or ", Precision.Rounded.Select(one => one.Name))}.");
        }

        string[]? queries = arguments.GetValue(s_queries) is { } path ? GivenInputs.Queries(path) : null;

        // Before the work, so that a path that will not do is told at once.
        await using FileStream? page = arguments.GetValue(s_html) is { } html ? File.OpenWrite(html) : null;
        bool isWatched = !Console.IsErrorRedirected && !arguments.GetValue(CommandLine.Json);
        Action<string> tell = isWatched ? what => Console.Error.Write($"\r\e[K{what}") : _ => { };
        string folder = Directory.CreateTempSubdirectory("immich-ml-parity-").FullName;
        try
        {
            DaemonOptions OptionsFor(string name) => OptionsOf(Given(arguments, onCpu: true), name, Path.Combine(folder, $"{name}.sock"));
            var comparison = new PrecisionComparison(arguments.GetValue(s_model)!, precision, OptionsFor, tell);
            PrecisionResult result = await comparison.RunAsync(files, queries, cancellation);
            if (page is not null)
            {
                tell("writing the page");
                ImageLimits limits = OptionsFor(precision).Images;
                page.SetLength(0);
                await using var writer = new StreamWriter(page);
                await writer.WriteAsync(new PrecisionPage(result, picture => Thumbnail.Of(picture, limits)).Write());
            }

            tell("");
            return arguments.Print(result.ToJson(), result.ToString());
        }
        finally
        {
            tell("");
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>As a daemon would have them that runs CLIP models in a precision and does nothing but answer.</summary>
    static DaemonOptions OptionsOf(Settings settings, string precision, string socket)
    {
        settings.Add(MlClientOptions.SocketVariable, socket).Add("MACHINE_LEARNING_PREPARE_MODELS", "true");
        DaemonOptions options = DaemonOptions.Read(settings) with
        {
            Preload = new PreloadOptions(), Residency = new ResidencyOptions { ModelTtlSeconds = 0 },
        };
        options.Clip.TextCache = 0;
        options.Precisions.Name = precision;
        foreach (ModelKind kind in ModelKind.All.Where(PrecisionOptions.IsFor))
        {
            options.Precisions.OfKind[kind] = "";
        }

        return options;
    }

    static async Task<int> CompareRulesAsync(
        ParseResult arguments, string[] files, string before, string after, CancellationToken cancellation)
    {
        string? model = arguments.GetResult(s_model) is { Implicit: false } ? arguments.GetValue(s_model) : null;
        Task<ParitySide> Ask(string rules) => ParitySide.AskAsync(
            Given(arguments, onCpu: false).Add("MACHINE_LEARNING_RULES", rules),
            store => SubjectsIn(store, model, arguments.GetValue(s_faces)), files, cancellation);
        ParitySide one = await Ask(before), other = await Ask(after);
        (ParitySubject Subject, ParityChange Change)[] changes =
            [.. one.Subjects.Zip(other.Subjects, (a, b) => (a.Subject, ParityChange.Of(a.Found, b.Found)))];
        string head = $"{files.Length - one.LeftOut.Count} pictures{(one.LeftOut.Count > 0 ? $", {one.LeftOut.Count} left out" : "")}";
        return arguments.Print(
            JsonText.Of(
                ("pictures", files.Length - one.LeftOut.Count), ("leftOut", one.LeftOut.Count), ("before", before), ("after", after),
                ("models", JsonText.List(changes.Select(pair => ToJson(pair.Subject, pair.Change))))),
            string.Join('\n', changes.Select(pair => ToText(pair.Subject, pair.Change, before, after)).Prepend(head)));
    }

    static string ToText(ParitySubject subject, ParityChange change, string before, string after)
    {
        string embeddings = change.Embeddings is not { } parity ? ""
            : $"{change.ChangedEmbeddings} of {parity.Count} embeddings change (cosine: worst {parity.WorstCosine:0.000000}, "
                + $"mean {parity.MeanCosine:0.000000})" + (parity.Neighbours > 0 ? $", {parity.Overlap:P1} of the nearest stay" : "");
        string Both(string what) => $"{change.Before} {what} by {before}, {change.After} by {after}, "
            + $"{change.Pairs.Count} in the same place: {change.MovedBoxes} boxes change";
        return $"{subject.ModelName} ({subject.Task}): " + subject.Task switch
        {
            "ocr" => $"{Both("texts")}, {change.ChangedTexts} are read differently",
            "facial-recognition" => $"{Both("faces")}{(embeddings.Length > 0 ? $", {embeddings}" : "")}",
            _ => embeddings.Length > 0 ? embeddings : "no picture",
        };
    }

    static JsonText ToJson(ParitySubject subject, ParityChange change) => JsonText.Of(
        ("task", subject.Task), ("modelName", subject.ModelName), ("before", change.Before), ("after", change.After),
        ("both", change.Pairs.Count), ("boxesChanged", change.MovedBoxes), ("textsChanged", change.ChangedTexts),
        ("embeddingsChanged", change.ChangedEmbeddings), ("worstCosine", Exact(change.Embeddings?.WorstCosine)),
        ("meanCosine", Exact(change.Embeddings?.MeanCosine)), ("neighbours", change.Embeddings?.Neighbours),
        ("overlap", change.Embeddings?.Overlap));

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

    static ParitySubject SubjectFor(string model, bool faces, ModelStore store)
    {
        bool HasFaces() => Directory.Exists(store.FolderOf(new ModelKey(ModelKind.FaceRecognition, model)));
        bool HasClip() => Directory.Exists(store.FolderOf(new ModelKey(ModelKind.ClipVisual, model)));
        return !faces && (HasClip() || !HasFaces()) ? Subject(model, ModelKind.ClipVisual)
            : Subject(model, ModelKind.FaceDetection, ModelKind.FaceRecognition);
    }

    static ParitySubject Subject(string model, params ModelKind[] kinds) => new(
        kinds[0].Task, model, [.. kinds.Select(kind => new TaskEntry { Task = kind.Task, Type = kind.Type, ModelName = model })]);

    /// <summary>All that the cache has whole, or what it has of one name.</summary>
    /// <exception cref="FormatException">It has nothing.</exception>
    static ParitySubject[] SubjectsIn(ModelStore store, string? model, bool faces)
    {
        // One detector may serve several recognizers, which have the longer names.
        ModelKind[][] wanted =
        [
            [ModelKind.ClipVisual], [ModelKind.FaceDetection, ModelKind.FaceRecognition],
            [ModelKind.TextDetection, ModelKind.TextRecognition],
        ];
        ModelKey[] present = [.. store.List().Where(one => one.Bytes > 0).Select(one => one.Key)];
        string? name = model is null ? null : new ModelKey(ModelKind.ClipVisual, model).Name;
        ParitySubject[] found =
        [
            .. from kinds in wanted
               where !faces || kinds[0] == ModelKind.FaceDetection
               from key in present
               where key.Kind == kinds[^1] && (name ?? key.Name) == key.Name && store.Has(new ModelKey(kinds[0], key.Name))
               select Subject(key.Name, kinds),
        ];
        return found.Length > 0
            ? found : throw new FormatException($"The cache has no model{(name is null ? "" : $" {name}")} to compare.");
    }

    static string ToText(EmbeddingParity parity, ParityChange change, ParitySide reference, ParitySide other, int pictures) => $"""
        pictures   {pictures}{FacesText(reference.Subjects[0].Subject, change)}
        reference  {reference.Where}, single precision, {reference.Milliseconds / pictures:0.0} ms of model time a picture
        compared   {other.Where}, {other.Milliseconds / pictures:0.0} ms
        cosine     worst {parity.WorstCosine:0.000000}, mean {parity.MeanCosine:0.000000}
        neighbours {(parity.Neighbours > 0 ? $"{parity.Overlap:P1} of the {parity.Neighbours} nearest are the same" : "one thing has none")}
        """;

    static string FacesText(ParitySubject subject, ParityChange change) => subject.Task == ModelKind.ClipVisual.Task ? ""
        : $", {change.Before} faces on the one side, {change.After} on the other, {change.Pairs.Count} on both";

    static JsonText ToJson(EmbeddingParity parity, ParitySide reference, ParitySide other, int pictures) => JsonText.Of(
        ("pictures", pictures), ("compared", parity.Count), ("reference", reference.Where), ("device", other.Where),
        ("worstCosine", Exact(parity.WorstCosine)), ("meanCosine", Exact(parity.MeanCosine)), ("neighbours", parity.Neighbours),
        ("overlap", parity.Overlap), ("referenceMs", reference.Milliseconds / pictures), ("deviceMs", other.Milliseconds / pictures));

    /// <summary>To six decimals: three are too few for a cosine.</summary>
    public static JsonText Exact(double? value) => JsonText.Raw(value?.ToString("0.######", CultureInfo.InvariantCulture));
}
