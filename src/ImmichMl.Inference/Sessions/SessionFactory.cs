using ImmichMl.Models;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Inference.Sessions;

/// <summary>Makes sessions from model files, all with the same settings.</summary>
public sealed class SessionFactory(RuntimeOptions options)
{
    /// <exception cref="ModelException">The file will not load; the message says why.</exception>
    public ModelSession Create(ModelKey key, string path)
    {
        try
        {
            _ = RuntimeLibrary.Environment;
            using SessionOptions session = Settings();
            return ModelSession.Load(key, path, session);
        }
        catch (OnnxRuntimeException e) when (ModelSession.IsOutOfMemory(e))
        {
            throw new InferenceException(InferenceFault.OutOfMemory, $"Memory does not suffice to load model {key}.", e);
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException)
        {
            throw new ModelException(ModelFault.Unusable, $"Model {key} will not load: {e.Message}", e);
        }
    }

    SessionOptions Settings()
    {
        var session = new SessionOptions
        {
            IntraOpNumThreads = options.ChosenIntraOpThreads,
            InterOpNumThreads = options.ChosenInterOpThreads,
            ExecutionMode = options.ChosenInterOpThreads > 1 ? ExecutionMode.ORT_PARALLEL : ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            EnableCpuMemArena = options.Arena,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };

        // A spinning thread keeps a core busy after every run; on a shared NAS that costs more than it brings.
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        session.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return session;
    }
}
