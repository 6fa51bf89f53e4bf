using System.Reflection;

namespace ImmichMl.Tests.Support;

/// <summary>
/// A native library with a real one's C ABI and no hardware, from Support/Native, built by gcc once for a run of the tests.
/// </summary>
sealed unsafe class StandInLibrary
{
    static readonly Lazy<TempFolder> s_folder = new(() => new TempFolder());

    readonly nint _library;

    StandInLibrary(string source, string fileName)
    {
        Path = s_folder.Value.File(fileName);
        string headers = typeof(StandInLibrary).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(one => one.Key == "OnnxRuntimeHeaders").Value!;
        using var compiler = Process.Start(new ProcessStartInfo(
            "gcc", ["-shared", "-fPIC", "-O1", "-pthread", "-I", headers, "-o", Path,
            System.IO.Path.Combine(Repository.Root, "tests", "ImmichMl.Tests", "Support", "Native", source)]))!;
        compiler.WaitForExit();
        if (compiler.ExitCode != 0)
        {
            throw new InvalidOperationException($"gcc does not build {source}.");
        }

        _library = NativeLibrary.Load(Path);
    }

    static readonly Lazy<StandInLibrary> s_provider = new(() => new("standin_provider.c", "libstandin.so"));
    static readonly Lazy<StandInLibrary> s_rknn = new(() => new("standin_rknn.c", "librknnrt.so"));
    static readonly Lazy<StandInLibrary> s_ann = new(() => new("standin_ann.c", "libann.so"));
    static readonly Lazy<StandInLibrary> s_nvidia = new(() => new("standin_nvml.c", "libnvidia-ml.so"));
    static readonly Lazy<string> s_mali = new(() =>
    {
        string mali = s_folder.Value.File("libmali.so");
        File.Copy(Rknn.Path, mali);
        return mali;
    });

    /// <summary>An execution provider with two devices that take Relu.</summary>
    public static StandInLibrary Provider => s_provider.Value;

    public static StandInLibrary Rknn => s_rknn.Value;

    public static StandInLibrary Ann => s_ann.Value;

    /// <summary>A driver's management library with one GPU of 80 GiB, 10 of them in use.</summary>
    public static StandInLibrary Nvidia => s_nvidia.Value;

    /// <summary>Any library: only its being there counts.</summary>
    public static string MaliPath => s_mali.Value;

    public string Path { get; }

    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public int Get(string function) => ((delegate* unmanaged<int>)Export(function))();

    public int Get(string function, int argument) => ((delegate* unmanaged<int, int>)Export(function))(argument);

    public long GetLong(string function) => ((delegate* unmanaged<nint>)Export(function))();

    public string GetText(string function) => Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)Export(function))())!;

    public void Set(string function, int argument) => ((delegate* unmanaged<int, void>)Export(function))(argument);

    public void Set(string function, int first, int second) => ((delegate* unmanaged<int, int, void>)Export(function))(first, second);

    nint Export(string function) => NativeLibrary.GetExport(_library, function);
}
