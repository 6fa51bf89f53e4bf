using System.Runtime.InteropServices;
using ImmichMl.Imaging.Codecs;
using ImmichMl.Inference.Devices;
using Arm = System.Runtime.Intrinsics.Arm;

namespace ImmichMl.Cli.Doctor;

/// <summary>The processor, the native libraries, the devices and the memory.</summary>
static class MachineChecks
{
    const long EnoughMemory = 2_000_000_000;
    const long LeastMemory = 500_000_000;

    /// <summary>Those of x86-64-v3 that kernels use.</summary>
    static readonly string[] s_ofV3 = ["avx2", "bmi2", "fma", "abm"];

    /// <summary>What NVIDIA's, Intel's and AMD's drivers make, and NPUs.</summary>
    static readonly (string Folder, string Pattern)[] s_devices =
    [
        ("/dev", "nvidia?"), ("/dev", "nvidiactl"), ("/dev", "nvidia-uvm"), ("/dev", "kfd"), ("/dev/dri", "renderD*"),
        ("/dev/accel", "accel*"),
    ];

    public static IEnumerable<Finding> All(DeviceOptions devices) =>
        [Processor(), .. Libraries(), .. Devices(), .. Packages(devices), Memory()];

    static Finding Processor()
    {
        string cores = $"{Environment.ProcessorCount} cores";
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            return Arm.Dp.IsSupported
                ? new Finding("processor", Verdict.Good, $"arm64 with dot products, {cores}")
                : new Finding(
                    "processor", Verdict.Warning, $"arm64 without dot products, {cores}",
                    "It works; models run at about half the speed. Prefer small ones.");
        }

        // Compiled ahead of time Avx2.IsSupported tells of the build and not of the machine.
        string[] flags = ProcessorFlags();
        return s_ofV3.All(flags.Contains)
            ? new Finding("processor", Verdict.Good, $"x86-64-v3 (AVX2{(flags.Contains("avx512f") ? ", AVX-512" : "")}), {cores}")
            : new Finding(
                "processor", Verdict.Warning, $"x86-64-v2, without AVX2, {cores}",
                "It works; models run several times slower. In a virtual machine, give it the host's processor type.");
    }

    /// <summary>What the processor has and the kernel lets programs use; nothing where that cannot be read.</summary>
    static string[] ProcessorFlags()
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static IEnumerable<Finding> Libraries()
    {
        yield return Library(
            RuntimeLibrary.FileName, Verdict.Bad, "No model can run without it. It belongs beside this program and needs libstdc++ 6.");
        yield return Library(
            ImageDecoder.LibraryFileName, Verdict.Warning,
            "WebP cannot be read without it, and JPEG only nearly. It belongs beside this program.");
        yield return ImageDecoder.IsAvailable(CodecChoice.Turbo)
            ? new Finding("libraries", Verdict.Good, "libjpeg-turbo loads")
            : new Finding(
                "libraries", Verdict.Warning, "libturbojpeg.so.0 does not load",
                "JPEG is read more slowly. Install libturbojpeg0 (Ubuntu: libturbojpeg).");
        yield return NativeLibrary.TryLoad("libssl.so.3", out _)
            ? new Finding("libraries", Verdict.Good, "OpenSSL loads")
            : new Finding(
                "libraries", Verdict.Bad, "libssl.so.3 does not load", "Models cannot be fetched or verified without it. Install libssl3.");
    }

    static Finding Library(string name, Verdict without, string advice)
    {
        if (!RuntimeLibrary.IsPresent(name))
        {
            return new Finding("libraries", without, $"{name} is missing", advice);
        }

        try
        {
            // A build tree has them below, in runtimes/, where the loader finds them by itself.
            string beside = Path.Combine(AppContext.BaseDirectory, name);
            if (File.Exists(beside))
            {
                NativeLibrary.Load(beside);
            }

            return new Finding("libraries", Verdict.Good, $"{name} loads");
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return new Finding("libraries", without, $"{name} does not load: {e.Message.ReplaceLineEndings(" ")}", advice);
        }
    }

    static IEnumerable<Finding> Devices()
    {
        string[] found = [.. s_devices.Where(device => Directory.Exists(device.Folder))
            .SelectMany(device => Directory.GetFileSystemEntries(device.Folder, device.Pattern)).Order(StringComparer.Ordinal)];
        if (found.Length == 0)
        {
            return [new Finding("devices", Verdict.Good, "no accelerator: models run on the processor")];
        }

        return found.Select(device => Permission.IsAllowed(device, Permission.Read | Permission.Write)
            ? new Finding("devices", Verdict.Good, $"{device} can be used")
            : new Finding(
                "devices", Verdict.Warning, $"{device} is there and may not be used by this user",
                "Add the daemon's user to the device's group (ls -l shows it; often render), and copy the drop-in for it: "
                + "/usr/share/doc/immich-ml/drop-ins/ to /etc/systemd/system/immich-ml.service.d/."));
    }

    /// <summary>An accelerator's package that is installed.</summary>
    static IEnumerable<Finding> Packages(DeviceOptions devices) => RuntimeChoice.Of(devices) switch
    {
        { Unused: { } reason } when reason.Split(": ", 2) is [var what, var why] =>
            [new Finding("devices", Verdict.Warning, what, char.ToUpperInvariant(why[0]) + why[1..])],
        { Folder: { Length: > 0 } folder } => [new Finding("devices", Verdict.Good, $"ONNX Runtime of {folder} has what it needs")],
        _ => [],
    };

    static Finding Memory()
    {
        var room = SystemMemory.Now();
        long free = room.Available;
        string limit = room.IsGroups ? ", by a cgroup's limit" : "";
        string words = string.Create(
            CultureInfo.InvariantCulture, $"{free / 1e9:0.0} GB available{limit}; shortage is told by {new MemoryGauge().Describe()}");
        const string Advice = "Leave MACHINE_LEARNING_MEMORY_LIMIT at auto, which does less at once here (immich-ml info tells), "
            + "and choose small models.";
        return free >= EnoughMemory ? new Finding("memory", Verdict.Good, words)
            : free >= LeastMemory ? new Finding("memory", Verdict.Warning, words, Advice)
            : new Finding("memory", Verdict.Bad, words, $"Most models do not fit. {Advice}");
    }
}
