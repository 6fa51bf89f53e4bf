using System.Runtime.CompilerServices;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Opens text recognizers with the changes of <see cref="LeanConvolutions"/>, all others as they are. A detector would gain a tenth, and
/// its scores would move by more than the millionth that they may.
/// </summary>
static class LeanGraphs
{
    // Read whole; what is larger has its weights in files beside it, or is prepared.
    const long MostBytes = 256 * 1024 * 1024;

    /// <exception cref="OnnxRuntimeException">The model will not load.</exception>
    public static InferenceSession Open(ModelKind kind, string path, SessionOptions options)
    {
        if (kind == ModelKind.TextRecognition && TryOpenLean(path, options) is { } lean)
        {
            // The file's bytes and what was made of them: ten times its size, which no collection in steady work would reach.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return lean;
        }

        return new InferenceSession(path, options);
    }

    /// <summary>Not inlined, so that nothing on the stack holds the bytes when they are collected.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static InferenceSession? TryOpenLean(string path, SessionOptions options)
    {
        try
        {
            return Rewrite(path) is { } model ? new InferenceSession(model, options) : null;
        }
        catch (OnnxRuntimeException)
        {
            // What was made of it is at fault, or the model is: that is for the model itself to show.
            return null;
        }
    }

    /// <summary>Null where nothing is to be changed or the file is not to be read: ONNX Runtime says what is wrong with it.</summary>
    static byte[]? Rewrite(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: <= MostBytes }
                ? LeanConvolutions.Rewrite(File.ReadAllBytes(path), Path.GetDirectoryName(path)!) : null;
        }
        catch (Exception)
        {
            // Whatever is odd about it.
            return null;
        }
    }
}
