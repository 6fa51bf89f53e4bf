using ImmichMl.Daemon.Results;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Daemon.Serving;

/// <summary>Turns what the engines say into results of the wire.</summary>
sealed class Answers(
    ServeOptions serve, RuntimeOptions runtime, ImageLimits images, ModelStore store, SessionCache models, ModelDownloads downloads,
    InferenceQueue queue, DeviceList devices, Statistics statistics, DecodeQueue decoder, GatewayProcess gateway,
    PreparedModels prepared, PrecisionOptions precisions, FaceOptions faces, PressureWatch pressure, DaemonOptions options,
    ResultCache results, TimeProvider time)
{
    /// <summary>Of the whole build: one number for all programs.</summary>
    public static string Version { get; } = typeof(Answers).Assembly.GetName().Version?.ToString(3) ?? "0";

    readonly long _started = time.GetTimestamp();

    /// <summary>False while stopping.</summary>
    public bool Ready { get; set; } = true;

    public InfoResult Info() => new()
    {
        Version = Version,
        Protocol = Request.Version,
        Pid = Environment.ProcessId,
        UptimeMs = (long)time.GetElapsedTime(_started).TotalMilliseconds,
        Ready = Ready && gateway.IsListening,
        Providers = devices.Providers,
        Devices = [.. devices.All.Where(device => !device.IsLost)
            .Select(device => new DeviceInfo(device.Provider, device.Id, device.Name, device.MemoryBytes))],
        Remarks = [.. devices.Remarks, .. PrecisionRemarks(), .. FaceRemarks()],
        Rules = runtime.Rules,
        Memory = MemoryPlan.InWords(options, SystemMemory.Now()),
        Threads = $"{ThreadPlan.Describe(runtime)}; pictures by {ImageDecoder.Describe(images.ChosenCodec)}",
        Limits = new LimitsInfo
        {
            MaxFrameBytes = serve.MaxFrameBytes,
            MaxImageBytes = images.MaxBytes,
            MaxImagePixels = images.MaxPixels,
            FrameBytesInFlight = serve.FrameBytesInFlight,
            PixelsInFlight = decoder.PixelsInFlight,
            Queue = runtime.Queue,
            Connections = serve.MaxConnections,
            RequestsPerConnection = serve.RequestsPerConnection,
        },
    };

    public ModelsResult Models()
    {
        var loaded = models.Snapshot().ToDictionary(model => model.Key);
        return new ModelsResult([.. store.List().Select(known => Status(known.Key, known.Bytes, loaded))]);
    }

    /// <summary>What models are not in fp32, and which are although another precision is asked for.</summary>
    IEnumerable<string> PrecisionRemarks() =>
        from model in store.List()
        where model.Bytes > 0
        let note = CopyOf(model.Key).Note ?? (precisions.Name == Precision.PlainName || PrecisionOptions.IsFor(model.Key.Kind)
            ? null : $"{Precision.PlainName}, as all {model.Key.Kind.Models}")
        where note is not null
        select $"{model.Key} in {note}";

    /// <summary>That faces are found which Immich itself would not find.</summary>
    IEnumerable<string> FaceRemarks() =>
        faces.Retry == FaceOptions.Off ? [] : [$"faces: where none is found the picture is looked at again ({faces.Retry})"];

    CopyStatus CopyOf(ModelKey key) => prepared.StatusOf(key, Path.Combine(store.FolderOf(key), ModelStore.ModelFileName));

    public StatsResult Stats()
    {
        (RequestCount[] requests, LatencyHistogram[] latency) = statistics.Snapshot();
        (int interactive, int background) = queue.Waiting;
        (int interactiveBusy, int backgroundBusy) = queue.InWork;
        ProcessMemory memory = ProcessMemory.Now();
        return new StatsResult
        {
            Requests = requests,
            Latency = latency,
            Queue = new QueueDepth(interactive, background),
            Models = Models().Models,
            Memory = new MemoryUse(memory.Resident, memory.Anonymous, CpuArena.Held),
            Downloads = downloads.Snapshot(),
            Devices = [.. devices.All.Where(device => !device.IsCpu).Select(Use)],
            Slots = new SlotUse(
                new LaneUse(queue.Slots + 1, interactiveBusy), new LaneUse(queue.Slots, backgroundBusy)),
            ResultCache = results.Use(),
            Runtime = new RuntimeUse(
                GC.GetTotalAllocatedBytes(),
                [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(number => (long)GC.CollectionCount(number))]),
            Pressure = pressure.Use,
        };
    }

    static DeviceUse Use(ExecutionDevice device)
    {
        DeviceMemory memory = DeviceMemory.Of(device.Provider, device.Id) ?? default;
        return new DeviceUse(device.Provider, device.Id, device.InUse, memory.Used, memory.Total, device.IsLost);
    }

    /// <summary>True for a model that is in the cache of sessions or on disk: its name is not made up.</summary>
    public bool IsKnown(TaskEntry task)
    {
        var kind = new ModelKind(task.Task, task.Type);
        try
        {
            return ModelKind.All.Contains(kind) && Directory.Exists(store.FolderOf(new ModelKey(kind, task.ModelName)));
        }
        catch (ModelException)
        {
            return false;
        }
    }

    ModelStatus Status(ModelKey key, long bytes, Dictionary<ModelKey, CachedModel> loaded)
    {
        bool isHeld = loaded.TryGetValue(key, out CachedModel held);
        CopyStatus? copy = bytes > 0 ? CopyOf(key) : null;
        return new ModelStatus
        {
            Task = key.Kind.Task,
            Type = key.Kind.Type,
            ModelName = key.Name,
            State = isHeld ? held.State : downloads.IsFetching(key) ? "loading" : bytes > 0 ? "cached" : "absent",
            Bytes = bytes,
            Device = isHeld && held.State == "loaded" ? devices.WhereIs(key) : "",
            IdleMs = isHeld ? (long)held.Idle.TotalMilliseconds : 0,
            Precision = bytes > 0 ? copy?.Precision ?? Precision.PlainName : null,
            PrecisionNote = copy?.Note,
            CopyBytes = copy?.Bytes ?? 0,
        };
    }

    /// <param name="prediction">What came of the request.</param>
    /// <param name="recognized">Text was to be read, and not only found.</param>
    /// <param name="clock">Where the time went.</param>
    /// <param name="total">Since the frame had arrived.</param>
    public static PredictResult Predict(Prediction prediction, bool recognized, StageClock clock, TimeSpan total) => new()
    {
        ImageWidth = prediction.ImageWidth,
        ImageHeight = prediction.ImageHeight,
        Clip = prediction.Clip,
        Faces = prediction.Faces is { } faces ? [.. faces.Select(Face)] : null,
        Ocr = prediction.Ocr is { } lines ? Ocr(lines, recognized, prediction.ImageWidth ?? 1, prediction.ImageHeight ?? 1) : null,
        Timings = new Timings
        {
            Queue = clock[Stage.Queue].TotalMilliseconds,
            Decode = clock[Stage.Decode].TotalMilliseconds,
            Preprocess = clock[Stage.Preprocess].TotalMilliseconds,
            Inference = clock[Stage.Inference].TotalMilliseconds,
            Postprocess = clock[Stage.Postprocess].TotalMilliseconds,
            Total = total.TotalMilliseconds,
        },
    };

    static FaceResult Face(Face face) => new()
    {
        BoundingBox = [face.Box.X1, face.Box.Y1, face.Box.X2, face.Box.Y2],
        Score = face.Score,
        Landmarks = face.Landmarks is { } points ? MemoryMarshal.Cast<Point2, float>(points).ToArray() : null,
        Embedding = face.Embedding,
    };

    static OcrResult Ocr(IReadOnlyList<TextLine> lines, bool recognized, float width, float height) => new()
    {
        Text = recognized ? [.. lines.Select(line => line.Text ?? "")] : null,
        Box = [.. lines.SelectMany(line => Corners(line.Corners)).Select((value, i) => value / (i % 2 == 0 ? width : height))],
        BoxScore = [.. lines.Select(line => (float)line.BoxScore)],
        TextScore = recognized ? [.. lines.Select(line => (float)(line.TextScore ?? 0))] : null,
    };

    static float[] Corners(Quad quad) =>
    [
        quad.TopLeft.X, quad.TopLeft.Y, quad.TopRight.X, quad.TopRight.Y,
        quad.BottomRight.X, quad.BottomRight.Y, quad.BottomLeft.X, quad.BottomLeft.Y,
    ];
}
