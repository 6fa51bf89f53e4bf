using ImmichMl.Inference;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Calibrating;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Cli;

/// <summary>What makes prepared copies in this process, put together from settings.</summary>
static class Preparing
{
    /// <exception cref="OperatorException">A setting cannot be used.</exception>
    public static PreparedModels With(Settings settings, ModelOptions models, Func<long>? availableMemory = null)
    {
        RuntimeOptions runtime = settings.Read<RuntimeOptions>();
        runtime.PinsBatch = settings.Read<ClipOptions>().MaxBatch == 1;
        runtime.AvailableMemory = availableMemory ?? runtime.AvailableMemory;
        PrecisionOptions precisions = settings.Read<PrecisionOptions>();
        var store = new ModelStore(models, new ModelCatalog(models));
        var calibration = new ClipCalibration(store, ImmichRules.Named(runtime.Rules), precisions.Samples);
        return new PreparedModels(models, runtime, precisions: precisions) { Calibrate = calibration.For };
    }
}
