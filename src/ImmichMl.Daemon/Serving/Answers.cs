using ImmichMl.Imaging;
using ImmichMl.Inference;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Daemon.Serving;

/// <summary>Turns what the engines say into results of the wire.</summary>
sealed class Answers(
    ServeOptions serve, RuntimeOptions runtime, ImageLimits images, ModelStore store, SessionCache models, DecodeQueue decoder, TimeProvider time)
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
        Ready = Ready,
        Providers = ["cpu"],
        Devices = [new DeviceInfo("cpu", 0, $"{Environment.ProcessorCount} cores", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)],
        Threads = $"{runtime.RequestThreads} requests at once, {runtime.ChosenIntraOpThreads} threads in each model run; pictures by {ImageDecoder.Describe(images.ChosenCodec)}",
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

    static ModelStatus Status(ModelKey key, long bytes, Dictionary<ModelKey, CachedModel> loaded)
    {
        bool isHeld = loaded.TryGetValue(key, out CachedModel held);
        return new ModelStatus
        {
            Task = key.Kind.Task,
            Type = key.Kind.Type,
            ModelName = key.Name,
            State = isHeld ? held.State : bytes > 0 ? "cached" : "absent",
            Bytes = bytes,
            Device = isHeld && held.State == "loaded" ? "cpu" : "",
            IdleMs = isHeld ? (long)held.Idle.TotalMilliseconds : 0,
        };
    }

    public static PredictResult Predict(Prediction prediction, StageClock clock, TimeSpan total) => new()
    {
        ImageWidth = prediction.ImageWidth,
        ImageHeight = prediction.ImageHeight,
        Clip = prediction.Clip,
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
}
