using ImmichMl.Inference.Accelerators;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ImmichMl.Tests.Inference.Devices;

/// <summary>A Rockchip NPU's runtime, stood in for by a library that checks every argument.</summary>
[NotInParallel("stand-in rknn")]
public sealed class RknnTests
{
    const int Float32 = 0, Float16 = 1, Int32 = 6, Int64 = 8;
    const int Nchw = 0, Nhwc = 1;

    static readonly ModelKey Clip = new(ModelKind.ClipVisual, "npu");

    static RknnRuntime Runtime(DeviceOptions? options = null, string chip = "rk3588") =>
        new(new RknnLibrary(StandInLibrary.Rknn.Path), chip, options ?? new DeviceOptions());

    static ModelSession Load(TempFolder folder, string model, DeviceOptions? options = null, string chip = "rk3588") =>
        Runtime(options, chip).Load(Clip, folder.Write(Encoding.ASCII.GetBytes(model), "model.rknn"));

    [Test]
    [Arguments(Nhwc, "1 4 5 3")]
    [Arguments(Nchw, "1 3 4 5")]
    public async Task A_picture_goes_in_as_the_model_was_compiled_and_is_described_as_onnx_has_it(int format, string dims)
    {
        using var folder = new TempFolder();
        using ModelSession session = Load(folder, $"in image {Float16} {format} {dims}\nout embedding {Float32} {Nchw} 1 3\n");
        await Assert.That((session.Inputs[0].Name, session.Inputs[0].ElementType)).IsEqualTo(("image", TensorElementType.Float));
        await Assert.That(session.Inputs[0].Dimensions.SequenceEqual([1, 3, 4, 5])).IsTrue();
        float[] picture = [.. Enumerable.Range(0, 60).Select(i => (float)i)];
        OutputTensor output = session.Run(picture, [1, 3, 4, 5], CancellationToken.None);

        // The stand-in sums every channel.
        await Assert.That(output.Values.SequenceEqual([190, 590, 990])).IsTrue();
        await Assert.That(output.Dimensions.SequenceEqual([1L, 3])).IsTrue();
    }

    [Test]
    [Arguments(Int32)]
    [Arguments(Int64)]
    public async Task Token_ids_go_in_as_the_type_that_the_model_takes(int type)
    {
        using var folder = new TempFolder();
        using ModelSession session = Load(folder, $"in text {type} 3 1 5\nout embedding {Float32} 3 1 5\n");
        await Assert.That(session.Inputs[0].ElementType).IsEqualTo(type == Int64 ? TensorElementType.Int64 : TensorElementType.Int32);
        await Assert.That(
            session.RunIntegers([[49406, 3, 2, 1, 49407]], CancellationToken.None).Values.SequenceEqual([49406, 3, 2, 1, 49407]))
            .IsTrue();
    }

    [Test]
    public async Task Shapes_that_the_model_was_compiled_for_run_and_others_are_refused()
    {
        using var folder = new TempFolder();
        using ModelSession session = Load(
            folder, $"in image {Float32} {Nhwc} 4 2 2 3\nrange 0 1 2 2 3\nrange 0 4 2 2 3\nout embedding {Float32} {Nchw} 4 3\n");
        await Assert.That(session.Inputs[0].Dimensions.SequenceEqual([-1, 3, 2, 2])).IsTrue();
        foreach (int rows in (int[])[1, 4, 1])
        {
            OutputTensor output = session.Run(Enumerable.Repeat(1f, rows * 12).ToArray(), [rows, 3, 2, 2], CancellationToken.None);
            await Assert.That(output.Dimensions.SequenceEqual([(long)rows, 3])).IsTrue();
            await Assert.That(output.Values.All(sum => sum == 4)).IsTrue();
        }

        await Assert.That(() => session.Run(new float[24], [2, 3, 2, 2], CancellationToken.None)).Throws<ModelException>()
            .WithMessageContaining("does not take [2, 2, 2, 3]");
    }

    [Test]
    [Arguments("rk3588", "0-2", 3, 7)]
    [Arguments("rk3576", "auto", 2, 0)]
    [Arguments("rk3566", "0-2", 3, -1)]
    public async Task There_are_as_many_contexts_as_threads_and_cores_are_chosen_where_there_are_several(
        string chip, string cores, int threads, int mask)
    {
        using var folder = new TempFolder();
        int before = StandInLibrary.Rknn.Get("standin_rknn_masks");
        var options = new DeviceOptions { RknnThreads = threads, RknnCores = cores };
        string model = $"in image {Float32} {Nhwc} 1 8 8 3\nout embedding {Float32} {Nchw} 1 3\n";
        using (ModelSession session = Load(folder, model, options, chip))
        {
            await Assert.That(StandInLibrary.Rknn.Get("standin_rknn_open")).IsEqualTo(threads);
            await Assert.That(StandInLibrary.Rknn.Get("standin_rknn_masks") - before).IsEqualTo(mask < 0 ? 0 : threads);
            if (mask >= 0)
            {
                await Assert.That(StandInLibrary.Rknn.Get("standin_rknn_mask")).IsEqualTo(mask);
            }

            // The stand-in refuses two runs on one context.
            int wrong = 0;
            await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, (i, _) =>
            {
                float[] sums = session.Run(Enumerable.Repeat((float)i, 192).ToArray(), [1, 3, 8, 8], CancellationToken.None).Values;
                if (!sums.SequenceEqual([64f * i, 64f * i, 64f * i]))
                {
                    Interlocked.Increment(ref wrong);
                }

                return ValueTask.CompletedTask;
            });
            await Assert.That(wrong).IsEqualTo(0);
        }

        await Assert.That(StandInLibrary.Rknn.Get("standin_rknn_open")).IsEqualTo(0);
        await Assert.That(StandInLibrary.Rknn.Get("standin_rknn_held")).IsEqualTo(0);
    }

    [Test]
    [Arguments("nonsense\n", "rknn_init answers -6")]
    [Arguments("in image 0 1 1 2 2 3\nout e 0 0 1 3\nfail rknn_init -13\n", "rknn_init answers -13")]
    [Arguments("in image 0 1 1 2 2 3\nout e 0 0 1 3\nfail rknn_query -5\n", "rknn_query answers -5")]
    [Arguments("in image 0 1 1 2 2 3\n", "1 inputs and 0 outputs")]
    public async Task A_file_that_does_not_load_is_refused_with_the_runtimes_code_and_leaves_nothing_open(string model, string cause)
    {
        using var folder = new TempFolder();
        await Assert.That(() => Load(folder, model)).Throws<ModelException>().WithMessageContaining(cause);
        await Assert.That(StandInLibrary.Rknn.Get("standin_rknn_open")).IsEqualTo(0);
    }

    [Test]
    public async Task A_run_that_fails_is_the_models_fault_and_the_next_one_comes_through_to_the_runtime_again()
    {
        using var folder = new TempFolder();
        using ModelSession session = Load(folder, "in image 0 1 1 2 2 3\nout e 0 0 1 3\nfail rknn_run -1\n");
        for (int i = 0; i < 3; i++)
        {
            await Assert.That(() => session.Run(new float[12], [1, 3, 2, 2], CancellationToken.None)).Throws<ModelException>()
                .WithMessageContaining("rknn_run answers -1");
        }

        await Assert.That(() => session.RunIntegers([[1], [2]], CancellationToken.None)).Throws<ModelException>()
            .WithMessageContaining("takes 1 inputs");
    }

    [Test]
    public async Task The_factory_takes_the_npus_file_where_a_model_has_one_and_onnx_runtime_where_not()
    {
        using var folder = new TempFolder();
        string onnx = folder.Write(
            new OnnxGraph("plain").Input("image", OnnxType.Float, 1, 3, 2, 2).Output("embedding", OnnxType.Float, 1, 3, 2, 2)
                .Node("Relu", ["image"], ["embedding"]).ToModel(),
            "visual", "model.onnx");
        folder.Write(Encoding.ASCII.GetBytes("in image 0 1 1 2 2 3\nout e 0 0 1 3\n"), "visual", "rknpu", "rk3588", "model.rknn");
        var options = new DeviceOptions();
        var devices = new DeviceList(options, [], [], [Runtime(options)], []);
        using (ModelSession session = new SessionFactory(new RuntimeOptions(), null, devices).Create(Clip, onnx))
        {
            float[] values = session.Run(Enumerable.Repeat(1f, 12).ToArray(), [1, 3, 2, 2], CancellationToken.None).Values;
            await Assert.That(values.SequenceEqual([4, 4, 4])).IsTrue();
            await Assert.That(devices.WhereIs(Clip)).IsEqualTo("rknn:0");
        }

        options.Placement[ModelKind.ClipVisual] = "cpu";
        using (ModelSession session = new SessionFactory(new RuntimeOptions(), null, devices).Create(Clip, onnx))
        {
            await Assert.That(session.Run(Enumerable.Repeat(1f, 12).ToArray(), [1, 3, 2, 2], CancellationToken.None).Values).Count()
                .IsEqualTo(12);
        }

        // A file that the NPU refuses is told, and the model runs all the same.
        options.Placement[ModelKind.ClipVisual] = "";
        folder.Write("nonsense"u8, "visual", "rknpu", "rk3588", "model.rknn");
        using (ModelSession session = new SessionFactory(new RuntimeOptions(), null, devices).Create(Clip, onnx))
        {
            await Assert.That(session.Run(Enumerable.Repeat(1f, 12).ToArray(), [1, 3, 2, 2], CancellationToken.None).Values).Count()
                .IsEqualTo(12);
            await Assert.That(string.Join('\n', devices.Remarks)).Contains("rknn_init answers -6");
        }
    }

    [Test]
    [Arguments("rockchip,rk3588s-orangepi-5\0rockchip,rk3588\0", "rk3588")]
    [Arguments("radxa,zero3\0rockchip,rk3566\0", "rk3566")]
    [Arguments("raspberrypi,5-model-b\0brcm,bcm2712\0", null)]
    public async Task The_chip_is_read_from_the_device_tree(string compatible, string? chip)
    {
        using var folder = new TempFolder();
        await Assert.That(RknnRuntime.ChipOf(folder.Write(Encoding.ASCII.GetBytes(compatible), "compatible"))).IsEqualTo(chip);
        await Assert.That(RknnRuntime.ChipOf(folder.File("missing"))).IsNull();
    }
}
