using ImmichMl.Tests.Support.Synthetic;

namespace ImmichMl.Benchmarks.Overhead;

/// <summary>A model cache of its own with faces and text made by formula, so that whoever has the sources can run the bars.</summary>
sealed class SyntheticCache : IDisposable
{
    /// <summary>A detector of SCRFD-2.5G's cost with a small recognizer.</summary>
    public const string Costly = "synthetic__2500m";

    /// <summary>The demo's faces and text: hardly any cost.</summary>
    public const string Light = "synthetic__demo";

    public string Folder { get; } = Directory.CreateTempSubdirectory("immich-ml-overhead-").FullName;

    public SyntheticCache() => WriteTo(Folder);

    public static void WriteTo(string cache)
    {
        byte[] recognizer = new SyntheticArcFace().ToModel();
        Write(cache, ["facial-recognition", Costly, "detection"], new SyntheticScrfd { Height = 640, Width = 640, Costly = true }.ToModel(
            ));
        Write(cache, ["facial-recognition", Costly, "recognition"], recognizer);
        Write(cache, ["facial-recognition", Light, "detection"], new SyntheticScrfd().ToModel());
        Write(cache, ["facial-recognition", Light, "recognition"], recognizer);

        // What stands before "__" is the language, and detectors have none.
        Write(cache, ["ocr", "demo", "detection"], SyntheticOcr.Detector());
        Write(cache, ["ocr", Light, "recognition"], SyntheticOcr.Recognizer());
    }

    static void Write(string cache, string[] place, byte[] model)
    {
        string folder = Directory.CreateDirectory(Path.Combine([cache, .. place])).FullName;
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), model);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
