namespace ImmichMl.Models;

/// <summary>
/// What Immich's own service leaves in the folders of models and of their types: locks, rewritten graphs, and copies for its hardware
/// (cpu/ARCH/batch1/model.onnx). They are no part of a model: never loaded, counted, carried elsewhere or taken for damage.
/// </summary>
public static class Leftovers
{
    static readonly string[] s_folders = ["cpu", "cuda", "migraphx", "openvino"];

    /// <summary>True for the name of a folder of copies.</summary>
    public static bool IsFolder(string name) => s_folders.Contains(name);

    /// <param name="path">Below a model's folder or a type's.</param>
    public static bool Contain(string path) =>
        path.Split('/') is [.. var folders, var file]
        && (folders.Any(IsFolder) || file is "model.lock" or "model_fp16.onnx"
            || (file.StartsWith("model.rw-", StringComparison.Ordinal) && file.EndsWith(".onnx", StringComparison.Ordinal)));
}
