namespace ImmichMl.Tests.Inference.Devices;

/// <summary>Manifests, registration, choice and placement, against a real plug-in library that takes nodes.</summary>
[NotInParallel(StandInProvider.Alone)]
public sealed class DiscoveryTests
{
    [Test]
    public async Task Without_a_manifest_there_is_the_cpu_and_nothing_of_onnx_runtime_is_asked()
    {
        DeviceList devices = DeviceDiscovery.Find(new DeviceOptions(), "");
        await Assert.That(string.Join(" ", devices.All.Select(device => device.ToString()))).IsEqualTo("cpu");
        await Assert.That(string.Join(" ", devices.Providers)).IsEqualTo("cpu");
        await Assert.That(devices.WhereIs(StandInProvider.Key())).IsEqualTo("cpu");
    }

    [Test]
    public async Task A_manifest_brings_its_librarys_devices_and_models_go_to_the_first()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find();
        await Assert.That(string.Join(" ", devices.All.Select(device => device.ToString()))).IsEqualTo("standin:0 standin:1 cpu");
        int before = StandInProvider.Library.Get("standin_runs", 0);
        using var session = provider.Load(devices);
        await Assert.That(StandInProvider.Run(session).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(StandInProvider.Library.Get("standin_runs", 0)).IsEqualTo(before + 1);
        await Assert.That(devices.WhereIs(StandInProvider.Key())).IsEqualTo("standin:0");
        await Assert.That(StandInProvider.Library.GetText("standin_options")).IsEqualTo("colour=blue;");
    }

    [Test]
    [Arguments("not JSON", "cannot be read")]
    [Arguments("[]", "cannot be read")]
    [Arguments("""{"library": "x.so"}""", "names no 'provider'")]
    [Arguments("""{"provider": "cuda"}""", "names no 'library'")]
    [Arguments("""{"provider": "unheard-of", "library": "x.so"}""", "names no 'name'")]
    [Arguments("""{"provider": 7, "library": "x.so"}""", "cannot be read")]
    [Arguments("""{"provider": "cuda", "library": "x.so", "options": {"a": {}}}""", "neither text nor number nor flag")]
    [Arguments("""{"provider": "cuda", "library": "missing.so"}""", "missing.so cannot be used")]
    public async Task A_manifest_that_is_no_good_is_told_and_the_others_still_count(string manifest, string remark)
    {
        using var provider = new StandInProvider();
        provider.Write("a-bad-one.json", manifest);
        DeviceList devices = provider.Find();
        await Assert.That(string.Join('\n', devices.Remarks)).Contains(remark);
        await Assert.That(devices.Troubles).Count().IsEqualTo(1);
        await Assert.That(devices.All).Count().IsEqualTo(3);
    }

    [Test]
    public async Task A_library_that_is_no_provider_is_told()
    {
        using var provider = new StandInProvider(library: StandInLibrary.Rknn.Path);
        DeviceList devices = provider.Find();
        await Assert.That(devices.All).Count().IsEqualTo(1);
        await Assert.That(devices.Troubles.Single()).Contains("cannot be used");
    }

    [Test]
    public async Task A_manifest_may_lie_in_a_folder_of_its_own_and_name_its_library_from_there()
    {
        using var provider = new StandInProvider();
        File.Delete(Path.Combine(provider.Folder, "standin.json"));
        Directory.CreateDirectory(Path.Combine(provider.Folder, "standin"));
        string library = Path.GetRelativePath(Path.Combine(provider.Folder, "standin"), StandInProvider.Library.Path);
        provider.Write(Path.Combine("standin", "provider.json"),
            $$"""{"provider": "webgpu", "name": "StandInExecutionProvider", "library": "{{library}}"}""");
        await Assert.That(string.Join(" ", provider.Find().Providers)).IsEqualTo("webgpu cpu");
    }

    [Test]
    [Arguments("cuda", "no manifest in")]
    [Arguments("rknn", "/proc/device-tree/compatible names none of")]
    [Arguments("armnn", "libmali.so")]
    [Arguments("unheard-of", "no manifest in")]
    public async Task A_forced_provider_that_is_absent_is_refused_by_its_name_and_cause(string forced, string cause)
    {
        using var provider = new StandInProvider();
        await Assert.That(() => provider.Find(provider.Options(provider: forced))).Throws<ProviderMissingException>()
            .WithMessageContaining($"MACHINE_LEARNING_PROVIDER={forced} is not there: ").And.WithMessageContaining(cause);
    }

    [Test]
    public async Task A_forced_provider_whose_library_does_not_load_is_refused_with_what_the_loader_says()
    {
        using var provider = new StandInProvider();
        provider.Write("cuda.json", """{"provider": "cuda", "library": "libmissing_cuda.so"}""");
        await Assert.That(() => provider.Find(provider.Options(provider: "cuda"))).Throws<ProviderMissingException>()
            .WithMessageContaining("libmissing_cuda.so");
    }

    [Test]
    public async Task A_forced_provider_that_is_there_is_used_and_the_cpu_is_used_where_it_is_forced()
    {
        using var provider = new StandInProvider();
        await Assert.That(Places(provider.Find(provider.Options(provider: "standin")))).IsEqualTo("standin:0");
        await Assert.That(Places(provider.Find(provider.Options(provider: "CPU")))).IsEqualTo("cpu");
    }

    [Test]
    public async Task A_forced_device_that_is_absent_is_refused_and_one_that_does_not_run_as_well()
    {
        using var provider = new StandInProvider();
        await Assert.That(() => provider.Find(provider.Options("7", "standin"))).Throws<ProviderMissingException>()
            .WithMessageContaining("standin:0 and standin:1");
        StandInProvider.Library.Set("standin_fail", 0, 3);
        StandInProvider.Library.Set("standin_fail", 1, 3);
        await Assert.That(() => provider.Find(provider.Options(provider: "standin"))).Throws<ProviderMissingException>()
            .WithMessageContaining("does not feel like it");
        await Assert.That(Places(provider.Find())).IsEqualTo("cpu");
    }

    [Test]
    [Arguments("0,1", "standin:0 and standin:1")]
    [Arguments("1", "standin:1")]
    [Arguments("1, 9", "standin:1")]
    [Arguments("9", "cpu")]
    public async Task Devices_are_chosen_by_number(string ids, string places)
    {
        using var provider = new StandInProvider();
        await Assert.That(Places(provider.Find(provider.Options(ids)))).IsEqualTo(places);
    }

    [Test]
    [Arguments("cpu", "cpu", "standin:0")]
    [Arguments("1", "standin:1", "standin:0")]
    [Arguments("standin:1", "standin:1", "standin:0")]
    [Arguments("STANDIN", "standin:0", "standin:0")]
    [Arguments("cuda", "standin:0", "standin:0")]
    [Arguments("5", "standin:0", "standin:0")]
    public async Task One_kind_of_model_goes_here_and_another_there(string wish, string ocr, string clip)
    {
        using var provider = new StandInProvider();
        DeviceOptions options = provider.Options();
        options.Placement["MACHINE_LEARNING_PLACEMENT__OCR"] = ("", wish);
        DeviceList devices = provider.Find(options);
        await Assert.That(Places(devices, ModelKind.TextDetection)).IsEqualTo(ocr);
        await Assert.That(Places(devices, ModelKind.TextRecognition)).IsEqualTo(ocr);
        await Assert.That(Places(devices, ModelKind.ClipVisual)).IsEqualTo(clip);
        await Assert.That(string.Join('\n', devices.Remarks)).Contains($"ocr detection: {ocr} (").And.Contains($"clip visual: {clip} (");
    }

    [Test]
    public async Task The_type_goes_before_the_task_and_a_device_may_be_used_though_the_cpu_is_forced()
    {
        using var provider = new StandInProvider();
        DeviceOptions options = provider.Options(provider: "cpu");
        options.Placement["MACHINE_LEARNING_PLACEMENT__CLIP"] = ("", "standin");
        options.Placement[ModelKind.ClipTextual] = "cpu";
        DeviceList devices = provider.Find(options);
        await Assert.That(Places(devices, ModelKind.ClipTextual)).IsEqualTo("cpu");
        await Assert.That(Places(devices, ModelKind.ClipVisual)).IsEqualTo("standin:0 and standin:1");
        await Assert.That(Places(devices, ModelKind.FaceDetection)).IsEqualTo("cpu");
    }

    [Test]
    public async Task Our_own_options_go_with_the_manifests_and_the_manifests_win()
    {
        using var provider = new StandInProvider("cuda", options: "\"gpu_mem_limit\": 5, \"colour\": true");
        DeviceOptions options = provider.Options();
        options.GpuMemoryLimit = 1_000_000;
        using var session = provider.Load(provider.Find(options));
        await Assert.That(StandInProvider.Library.GetText("standin_options"))
            .IsEqualTo("colour=1;gpu_mem_limit=5;arena_extend_strategy=kSameAsRequested;");
    }

    static string Places(DeviceList devices, ModelKind? kind = null) =>
        string.Join(" and ", devices.For(kind ?? ModelKind.ClipVisual).Devices);
}
