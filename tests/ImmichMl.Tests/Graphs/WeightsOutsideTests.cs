using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Tests.Graphs;

/// <summary>A model with its weights put into a file beside it is the same model.</summary>
public sealed class WeightsOutsideTests
{
    [Test]
    public async Task The_weights_lie_outside_and_the_answer_is_the_same_to_the_bit()
    {
        using var folder = new TempFolder();
        string source = folder.Write(SmallTower.Model(), "model.onnx"), outside = folder.File("outside.onnx");
        await Assert.That(WeightsOutside.TryWrite(source, outside, "outside.bin")).IsTrue();
        await Assert.That(new FileInfo(outside).Length).IsLessThan(20_000);
        await Assert.That(new FileInfo(folder.File("outside.bin")).Length).IsGreaterThan(100_000);
        using InferenceSession before = GraphRewriting.Open(source, GraphOptimizationLevel.ORT_ENABLE_ALL);
        using InferenceSession after = GraphRewriting.Open(outside, GraphOptimizationLevel.ORT_ENABLE_ALL);
        MadeUpInputs inputs = MadeUpInputs.For(before, 0)!;
        await Assert.That(inputs.Answer(after)![0].SequenceEqual(inputs.Answer(before)![0])).IsTrue();

        // One that has its weights outside stays as it is.
        await Assert.That(WeightsOutside.TryWrite(outside, folder.File("again.onnx"), "again.bin")).IsFalse();
        await Assert.That(File.Exists(folder.File("again.onnx"))).IsFalse();
    }

    [Test]
    [Arguments(0.2)]
    [Arguments(0.7)]
    [Arguments(0.999)]
    public async Task A_model_that_was_cut_is_not_made_whole(double share)
    {
        using var folder = new TempFolder();
        byte[] model = SmallTower.Model();
        string source = folder.Write(model.AsSpan(..(int)(model.Length * share)).ToArray(), "model.onnx");
        string outside = folder.File("outside.onnx");
        try
        {
            WeightsOutside.TryWrite(source, outside, "outside.bin");
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            return;
        }

        await Assert.That(() => GraphRewriting.Open(outside, GraphOptimizationLevel.ORT_ENABLE_ALL)).Throws<OnnxRuntimeException>();
    }
}
