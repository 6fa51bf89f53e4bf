using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>A runtime beside ONNX Runtime: where its models lie, and how one is loaded.</summary>
abstract class NpuRuntime
{
    /// <summary>The device that models then run on.</summary>
    public abstract ExecutionDevice Device { get; }

    /// <summary>The model's file for this hardware beside its model.onnx; null where there is none.</summary>
    public string? Find(string onnxPath) =>
        Path.Combine(Path.GetDirectoryName(onnxPath)!, FileName) is var path && File.Exists(path) ? path : null;

    protected abstract string FileName { get; }

    /// <exception cref="ModelException">The file does not load.</exception>
    public abstract ModelSession Load(ModelKey key, string path);
}
