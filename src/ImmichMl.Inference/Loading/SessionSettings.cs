using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Loading;

/// <summary>How ONNX Runtime is to run a graph.</summary>
sealed class SessionSettings(RuntimeOptions options)
{
    const string Spinning = "session.intra_op.allow_spinning";

    /// <param name="kind">Of the model.</param>
    /// <param name="threads">Inside one operator.</param>
    /// <param name="sharesArena">False: it takes memory of its own.</param>
    /// <returns>The caller's to dispose of.</returns>
    public SessionOptions Of(ModelKind kind, int threads, bool sharesArena = true)
    {
        var session = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = options.ChosenInterOpThreads,
            ExecutionMode = options.ChosenInterOpThreads > 1 ? ExecutionMode.ORT_PARALLEL : ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            EnableCpuMemArena = options.Arena,

            // A memory pattern is kept for every shape that comes by, and OCR's shapes follow the picture.
            EnableMemoryPattern = kind.Task != ModelKind.TextDetection.Task,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };

        // A spinning thread keeps a core busy after every run; on a shared NAS that costs more than it brings.
        session.AddSessionConfigEntry(Spinning, "0");
        session.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        if (options.Arena && sharesArena)
        {
            session.AddSessionConfigEntry(CpuArena.UsedBySessions, "1");
        }

        return session;
    }

    /// <summary>Of a prepared copy.</summary>
    /// <param name="kind">Of the model.</param>
    /// <param name="threads">Inside one operator.</param>
    /// <param name="packs">False: the session opens in a tenth of the time and packs weights in each run.</param>
    /// <returns>The caller's to dispose of.</returns>
    public SessionOptions OfCopy(ModelKind kind, int threads, bool packs)
    {
        SessionOptions session = Of(kind, threads);
        session.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        if (packs && threads > 1)
        {
            // It runs alone, so waiting awake within a run takes a core from nobody; it stops with the run.
            session.AddSessionConfigEntry(Spinning, "1");
            session.AddSessionConfigEntry("session.force_spinning_stop", "1");
        }
        else if (!packs)
        {
            session.AddSessionConfigEntry("session.disable_prepacking", "1");

            // With a pattern ONNX Runtime takes memory for all weights out of the arena, which are mapped and need none.
            session.EnableMemoryPattern = false;
        }

        return session;
    }
}
