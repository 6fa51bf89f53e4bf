using ImmichMl.Inference.Accelerators;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ImmichMl.Tests.Inference.Devices;

/// <summary>ARM NN behind Immich's C face, stood in for by a library that counts what a caller does wrong.</summary>
[NotInParallel("stand-in ann")]
public sealed class ArmNnTests
{
    static StandInLibrary Library => StandInLibrary.Ann;

    static ArmNnRuntime Runtime(TempFolder folder, DeviceOptions? options = null) =>
        new(new ArmNnLibrary(StandInLibrary.MaliPath, Library.Path), options ?? new DeviceOptions(), folder.Path);

    static string Model(TempFolder folder, string text, string name = "model.armnn") => folder.Write(Encoding.ASCII.GetBytes(text), name);

    [Test]
    public async Task A_picture_runs_and_the_second_load_uses_what_the_first_compiled()
    {
        using var folder = new TempFolder();
        ArmNnRuntime runtime = Runtime(folder, new DeviceOptions { AnnTuningLevel = 3, AnnFp16Turbo = true });
        string model = Model(folder, "in 1 3 2 2\nout 1 4\n");
        int faults = Library.Get("standin_ann_faults");
        using (ModelSession session = runtime.Load(new ModelKey(ModelKind.ClipVisual, "mali"), model))
        {
            await Assert.That(session.Inputs.Single().Dimensions.SequenceEqual([1, 3, 2, 2])).IsTrue();
            await Assert.That(session.Inputs.Single().ElementType).IsEqualTo(TensorElementType.Float);
            float[] picture = [.. Enumerable.Range(0, 12).Select(i => i / 2f)];
            OutputTensor output = session.Run(picture, [1, 3, 2, 2], CancellationToken.None);
            await Assert.That(output.Values.SequenceEqual([0, 0.5f, 1, 1.5f])).IsTrue();
            await Assert.That(output.Dimensions.SequenceEqual([1L, 4])).IsTrue();
            await Assert.That(() => session.Run(new float[27], [1, 3, 3, 3], CancellationToken.None)).Throws<ModelException>()
                .WithMessageContaining("does not take [1, 3, 3, 3]");
        }

        await Assert.That((Library.Get("standin_ann_tuning"), Library.Get("standin_ann_half"), Library.Get("standin_ann_fast"), Library.Get(
            "standin_ann_saves")))
            .IsEqualTo((3, 1, 1, 1));
        await Assert.That(Library.GetText("standin_ann_tuning_file")).IsEqualTo(folder.File("gpu-tuning.ann"));
        await Assert.That(Library.GetText("standin_ann_compiled")).IsEqualTo(folder.File("model.anncache"));
        runtime.Load(new ModelKey(ModelKind.ClipVisual, "mali"), model).Dispose();
        await Assert.That(Library.Get("standin_ann_saves")).IsEqualTo(0);
        await Assert.That((Library.Get("standin_ann_runtimes"), Library.Get("standin_ann_networks"))).IsEqualTo((0, 0));
        await Assert.That(Library.Get("standin_ann_faults") - faults).IsEqualTo(0);
    }

    [Test]
    public async Task Several_models_share_one_runtime_which_goes_with_the_last()
    {
        using var folder = new TempFolder();
        ArmNnRuntime runtime = Runtime(folder);
        ModelSession[] sessions =
            [.. Enumerable.Range(0, 5).Select(i => runtime.Load(
                new ModelKey(ModelKind.FaceRecognition, "mali"), Model(folder, "in 1 3 2 2\nout 1 4\n", $"model{i}.armnn")))];
        await Assert.That((Library.Get("standin_ann_runtimes"), Library.Get("standin_ann_networks"))).IsEqualTo((1, 5));
        foreach (ModelSession session in sessions)
        {
            await Assert.That(Library.Get("standin_ann_runtimes")).IsEqualTo(1);
            session.Dispose();
        }

        await Assert.That((Library.Get("standin_ann_runtimes"), Library.Get("standin_ann_networks"))).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Token_ids_are_32_bit_integers()
    {
        using var folder = new TempFolder();
        using ModelSession session = Runtime(folder).Load(new ModelKey(ModelKind.ClipTextual, "mali"), Model(folder, "in 1 4\nout 1 4\n"));
        await Assert.That(session.Inputs.Single().ElementType).IsEqualTo(TensorElementType.Int32);
        await Assert.That(session.RunIntegers([[49406, 1, 2, 49407]], CancellationToken.None).Values.SequenceEqual([49406, 1, 2, 49407]))
            .IsTrue();
    }

    [Test]
    [Arguments("nonsense\n")]
    [Arguments("in 1 3 2 2\n")]
    public async Task A_file_that_does_not_load_is_refused_and_leaves_nothing_behind(string text)
    {
        using var folder = new TempFolder();
        ArmNnRuntime runtime = Runtime(folder);
        await Assert.That(() => runtime.Load(new ModelKey(ModelKind.ClipVisual, "mali"), Model(folder, text))).Throws<ModelException>()
            .WithMessageContaining("does not load through ARM NN");
        await Assert.That((Library.Get("standin_ann_runtimes"), Library.Get("standin_ann_networks"))).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Without_its_two_libraries_there_is_no_such_device()
    {
        await Assert.That(ArmNnRuntime.TryFind(new DeviceOptions(), "", out string cause)).IsNull();
        await Assert.That(cause).Contains("libmali.so");
        await Assert.That(() => new ArmNnLibrary(StandInLibrary.MaliPath, StandInLibrary.Rknn.Path)).Throws<EntryPointNotFoundException>();
    }
}
