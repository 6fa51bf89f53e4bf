namespace ImmichMl.Tests.Inference.Devices;

/// <summary>A folder with a manifest for the stand-in accelerator, and a model half of which it takes.</summary>
sealed class StandInProvider : IDisposable
{
    /// <summary>The stand-in is one for the whole process.</summary>
    public const string Alone = "stand-in provider";

    const int Length = 12;

    readonly TempFolder _folder = new();

    public StandInProvider(string word = "standin", string? library = null, string options = "\"colour\": \"blue\"")
    {
        Work(0);
        Work(1);
        Library.Set("standin_delay", 0);
        Write("standin.json", $$"""
            {
              "provider": "{{word}}", "name": "StandInExecutionProvider", "library": "{{library ?? Library.Path}}",
              "options": { {{options}} }
            }
            """);
    }

    public static StandInLibrary Library => StandInLibrary.Provider;

    public string Folder => _folder.File("providers");

    public string Cache => _folder.Path;

    public static ModelKey Key(string name = "relu") => new(ModelKind.ClipVisual, name);

    public void Write(string name, string text) => _folder.Write(System.Text.Encoding.UTF8.GetBytes(text), "providers", name);

    static void Work(int device)
    {
        Library.Set("standin_fail", device, 0);
        Library.Set("standin_refuse", device, 0);
    }

    public DeviceOptions Options(string ids = "0", string provider = "") =>
        new() { ProvidersDir = Folder, DeviceIds = ids, Provider = provider };

    public DeviceList Find(DeviceOptions? options = null) => DeviceDiscovery.Find(options ?? Options(), Cache);

    public ModelSession Load(DeviceList devices, ModelKey? key = null) =>
        new SessionFactory(new RuntimeOptions(), null, devices).Create(key ?? Key(), Model("model.onnx"));

    /// <summary>y = 2 · Relu(x) + 1: Relu on the stand-in, the rest on the CPU. A free batch.</summary>
    public string Model(string file) => _folder.Write(
        new OnnxGraph("relu").Input("image", OnnxType.Float, "batch", Length).Output("embedding", OnnxType.Float, "batch", Length)
            .Initializer("two", OnnxTensor.Floats([1], [2])).Initializer("one", OnnxTensor.Floats([1], [1]))
            .Node("Relu", ["image"], ["positive"]).Node("Mul", ["positive", "two"], ["doubled"])
            .Node("Add", ["doubled", "one"], ["embedding"]).ToModel(),
        file);

    /// <summary>Feeds rows of numbers of both signs.</summary>
    public static float[] Run(ModelSession session, int rows = 1, int seed = 0) =>
        session.Run(Numbers(rows, seed), [rows, Length], CancellationToken.None).Values;

    public static float[] Expected(int rows = 1, int seed = 0) => Array.ConvertAll(Numbers(rows, seed), x => (2 * Math.Max(0, x)) + 1);

    static float[] Numbers(int rows, int seed) => [.. Enumerable.Range(0, rows * Length).Select(i => ((i * 7) + seed) % 11 - 5f)];

    public void Dispose() => _folder.Dispose();
}
