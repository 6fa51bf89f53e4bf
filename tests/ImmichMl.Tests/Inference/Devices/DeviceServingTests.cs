namespace ImmichMl.Tests.Inference.Devices;

/// <summary>The daemon with accelerators: what info, models and stats say, and how it starts without one that must be there.</summary>
[NotInParallel(StandInProvider.Alone)]
public sealed class DeviceServingTests
{
    [Test]
    public async Task Info_models_and_stats_tell_what_runs_where()
    {
        using var provider = new StandInProvider();
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            null, ("MACHINE_LEARNING_PROVIDERS_DIR", provider.Folder), ("MACHINE_LEARNING_DEVICE_IDS", "0,1"),
            ("MACHINE_LEARNING_PLACEMENT__CLIP__TEXTUAL", "cpu"));
        PredictResult answer = await daemon.Client.EmbedAsync(
            DemoModels.Name, await File.ReadAllBytesAsync(Repository.Golden("images", "rgb.png")));
        await Assert.That(answer.Clip).IsNotNull();
        InfoResult info = await daemon.Client.GetInfoAsync();
        await Assert.That(string.Join(" ", info.Devices.Select(device => $"{device.Provider}:{device.Id}")))
            .IsEqualTo("standin:0 standin:1 cpu:0");
        await Assert.That(string.Join(" ", info.Providers)).IsEqualTo("standin cpu");
        await Assert.That(info.Remarks).Contains("clip textual: cpu (MACHINE_LEARNING_PLACEMENT__CLIP__TEXTUAL)");
        await Assert.That(info.Remarks).Contains("clip visual: standin:0 and standin:1 (the best that is there)");
        StatsResult stats = await daemon.Client.GetStatsAsync();
        await Assert.That(string.Join(" ", stats.Devices.Select(device => $"{device.Provider}:{device.Id} {device.Runs} {device.Lost}")))
            .IsEqualTo("standin:0 0 False standin:1 0 False");
        await Assert.That(stats.Models.Single(model => model.State == "loaded").Device).IsEqualTo("standin:0,standin:1");
    }

    [Test]
    [Arguments("cuda", "MACHINE_LEARNING_PROVIDER=cuda is not there")]
    [Arguments("rknn", "MACHINE_LEARNING_PROVIDER=rknn is not there")]
    public async Task A_forced_provider_that_is_absent_ends_the_start_with_exit_code_3(string provider, string told)
    {
        using var folder = new TempFolder();
        Finished ended = await ChildProgram.RunAsync(
            ["serve", "--socket", folder.File("s"), "--cache", folder.Path], ("MACHINE_LEARNING_PROVIDER", provider));
        await Assert.That(ended.ExitCode).IsEqualTo(3);
        await Assert.That(ended.Errors).Contains(told);
    }

    [Test]
    public async Task A_folder_without_onnx_runtime_ends_the_start_with_exit_code_3()
    {
        using var folder = new TempFolder();
        Finished ended = await ChildProgram.RunAsync(
            ["serve", "--socket", folder.File("s"), "--cache", folder.Path], ("MACHINE_LEARNING_ONNXRUNTIME_DIR", folder.Path));
        await Assert.That(ended.ExitCode).IsEqualTo(3);
        await Assert.That(ended.Errors).Contains("there is no libonnxruntime.so");
    }

    [Test]
    public async Task Another_build_of_onnx_runtime_is_used_from_its_folder()
    {
        using var folder = new TempFolder();
        string library = Directory.EnumerateFiles(AppContext.BaseDirectory, "libonnxruntime.so", SearchOption.AllDirectories)
            .First(path => !path.Contains("arm64", StringComparison.Ordinal));
        File.Copy(library, folder.File("libonnxruntime.so"));
        await using ServedProgram daemon = await ServedProgram.StartAsync(
            Path.Combine(Repository.Root, "models", "demo"), ("MACHINE_LEARNING_ONNXRUNTIME_DIR", folder.Path),
            ("MACHINE_LEARNING_PREPARE_MODELS", "false"));
        Finished info = await daemon.AskAsync("info");
        await Assert.That(info.Output).Contains($"in {folder.Path}");
        Finished embedded = await daemon.AskAsync("embed", "--model", DemoModels.Name, Repository.Golden("images", "rgb.png"));
        await Assert.That(embedded.ExitCode).IsEqualTo(0);
        string maps = await File.ReadAllTextAsync($"/proc/{daemon.ProcessId}/maps");
        await Assert.That(maps).Contains(folder.File("libonnxruntime.so"));
    }

    [Test]
    [Arguments("MACHINE_LEARNING_DEVICE_IDS", "one")]
    [Arguments("MACHINE_LEARNING_DEVICE_IDS", "0,,1")]
    [Arguments("MACHINE_LEARNING_PLACEMENT__OCR", "cuda:x")]
    [Arguments("MACHINE_LEARNING_PLACEMENT__OCR", "cuda:1:2")]
    [Arguments("MACHINE_LEARNING_OPENVINO_PRECISION", "FP8")]
    [Arguments("MACHINE_LEARNING_RKNN_SOC", "rk9999")]
    [Arguments("MACHINE_LEARNING_RKNN_CORES", "3")]
    [Arguments("MACHINE_LEARNING_ANN_TUNING_LEVEL", "4")]
    [Arguments("MACHINE_LEARNING_GPU_MEMORY_LIMIT", "-1")]
    public async Task A_setting_that_cannot_be_used_is_refused_by_its_name(string name, string value)
    {
        await Assert.That(() => new Settings().Add(name, value).Read<DeviceOptions>()).Throws<OperatorException>()
            .WithMessageContaining(name);
    }

    [Test]
    public async Task Memory_of_an_amd_card_is_read_from_the_kernels_files()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("card0", "device"));
        folder.Write("17163091968\n"u8, "card1", "device", "mem_info_vram_total");
        folder.Write("1234\n"u8, "card1", "device", "mem_info_vram_used");
        await Assert.That(DeviceMemory.OfCard(folder.Path, 0)).IsEqualTo(new DeviceMemory(17_163_091_968, 1234));
        await Assert.That(DeviceMemory.OfCard(folder.Path, 1)).IsNull();
        await Assert.That(DeviceMemory.OfCard(folder.File("missing"), 0)).IsNull();
    }

    [Test]
    public async Task Memory_of_an_nvidia_card_is_asked_of_its_drivers_library()
    {
        NvidiaManagement driver = NvidiaManagement.TryOpen(StandInLibrary.Nvidia.Path)!;
        await Assert.That(driver.Memory(0)).IsEqualTo(new DeviceMemory(80L << 30, 10L << 30));
        await Assert.That(driver.Memory(1)).IsNull();
        await Assert.That(NvidiaManagement.TryOpen(StandInLibrary.Rknn.Path)).IsNull();
        await Assert.That(NvidiaManagement.TryOpen("libmissing.so.1")).IsNull();
    }
}
