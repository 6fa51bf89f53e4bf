namespace ImmichMl.Tests.Inference.Devices;

/// <summary>
/// What is said of an installed build of ONNX Runtime with CUDA where the machine lacks what it needs: each its own sentence.
/// </summary>
public sealed class CudaTests
{
    const string Libraries = "libcudart.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10 libcudnn.so.9";

    [Test]
    [Arguments("", "", 0, "there is no ", "/nvidiactl: no NVIDIA card is there")]
    [Arguments("nvidiactl", "", 0, "libcuda.so.1 does not load", "Debian: libcuda1; Ubuntu: libnvidia-compute-580")]
    [Arguments("nvidiactl nvidia0", "libcuda.so.1", 12_080, "the driver is for CUDA 12.8, and 13.0 is needed",
        "Ubuntu: nvidia-driver-580")]
    [Arguments("nvidiactl", "libcuda.so.1", 13_000, "libcudart.so.13, libcublasLt.so.13, libcublas.so.13",
        "cuda-cudart-13-0 libcublas-13-0 ")]
    [Arguments("nvidiactl", "libcuda.so.1 libcudart.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10", 13_010,
        "libcudnn.so.9 does not load", "install libcudnn9-cuda-13 from NVIDIA's repository")]
    public async Task What_is_missing_is_told_with_the_package_that_brings_it(
        string nodes, string loading, int driver, string wanted, string advice)
    {
        using var devices = new TempFolder();
        string said = Needs(devices, nodes, loading, driver).Missing()!;
        await Assert.That(said).Contains(wanted);
        await Assert.That(said).Contains(advice);
        await Assert.That(said.ReplaceLineEndings("")).EndsWith(".").And.IsEqualTo(said);
    }

    [Test]
    public async Task With_a_card_its_driver_and_all_libraries_nothing_is_missing()
    {
        using var devices = new TempFolder();
        await Assert.That(Needs(devices, "nvidiactl nvidia0 nvidia-uvm", "libcuda.so.1 " + Libraries, 13_000).Missing()).IsNull();

        // A driver that does not say how old it is shows it when it is used.
        await Assert.That(Needs(devices, "", "libcuda.so.1 " + Libraries, 0).Missing()).IsNull();
    }

    [Test]
    [Arguments("", "", "installed")]
    [Arguments("cpu", "", "own")]
    [Arguments("", "/somewhere/else", "setting")]
    public async Task Of_an_installed_build_the_machine_has_what_it_needs_and_no_setting_says_otherwise(
        string provider, string setting, string expected)
    {
        using var folder = new TempFolder();
        DeviceOptions options = Installed(folder);
        (options.Provider, options.OnnxRuntimeDir) = (provider, setting);
        using var devices = new TempFolder();
        var choice = RuntimeChoice.Of(options, Needs(devices, "nvidiactl", "libcuda.so.1 " + Libraries, 13_000));
        string runtime = Path.GetFullPath(Path.Combine(folder.Path, "cuda"));
        await Assert.That(choice.Folder).IsEqualTo(expected switch { "installed" => runtime, "setting" => setting, _ => "" });
        await Assert.That(choice.Unused).IsNull();
    }

    [Test]
    public async Task An_installed_build_that_cannot_be_used_leaves_the_one_beside_the_program_and_says_why()
    {
        using var folder = new TempFolder();
        DeviceOptions options = Installed(folder);
        using var devices = new TempFolder();
        RuntimeChoice choice = RuntimeChoice.Of(options, Needs(devices, "", "", 0));
        await Assert.That(choice.Folder).IsEmpty();
        await Assert.That(choice.Unused!).StartsWith("cuda is installed and not used: there is no ");

        File.Delete(Path.Combine(folder.Path, "cuda", "libonnxruntime.so"));
        choice = RuntimeChoice.Of(options, Needs(devices, "nvidiactl", "libcuda.so.1 " + Libraries, 13_000));
        await Assert.That(choice.Folder).IsEmpty();
        await Assert.That(choice.Unused!).Contains("libonnxruntime.so is missing: install the package again.");
    }

    [Test]
    public async Task A_forced_provider_whose_package_cannot_be_used_is_refused_with_what_is_missing()
    {
        if (File.Exists("/dev/nvidiactl"))
        {
            Skip.Test("A card is here.");
        }

        using var folder = new TempFolder();
        DeviceOptions options = Installed(folder);
        options.Provider = "cuda";
        await Assert.That(() => DeviceDiscovery.Find(options, "")).Throws<ProviderMissingException>()
            .WithMessageContaining("MACHINE_LEARNING_PROVIDER=cuda is not there: ").And.WithMessageContaining("there is no /dev/nvidiactl");
        options.Provider = "";
        DeviceList found = DeviceDiscovery.Find(options, "");
        await Assert.That(found.Troubles.Single()).Contains("cuda is installed and not used: there is no /dev/nvidiactl");
        await Assert.That(string.Join(" ", found.Providers)).IsEqualTo("cpu");
    }

    /// <summary>As the package lays it out; the library is never loaded here.</summary>
    static DeviceOptions Installed(TempFolder folder)
    {
        folder.Write("none"u8.ToArray(), "cuda", "libonnxruntime.so");
        folder.Write("""{"provider": "cuda", "onnxruntime": "../cuda"}"""u8.ToArray(), "providers.d", "cuda.json");
        return new DeviceOptions { ProvidersDir = folder.File("providers.d") };
    }

    static CudaRequirements Needs(TempFolder devices, string nodes, string loading, int driver)
    {
        foreach (string node in nodes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            devices.Write([], node);
        }

        return new CudaRequirements(devices.Path, loading.Split(' ').Contains, () => driver);
    }
}
