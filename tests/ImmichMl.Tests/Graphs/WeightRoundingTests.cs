using ImmichMl.Graphs.Quantization;

namespace ImmichMl.Tests.Graphs;

/// <summary>Weights become whole numbers no farther from them than half a step.</summary>
public sealed class WeightRoundingTests
{
    [Test]
    [Arguments(64, 32, 8)]
    [Arguments(64, 64, 7)]
    [Arguments(100, 32, 8)]
    [Arguments(5, 128, 4)]
    public async Task A_weight_is_within_half_a_step_of_its_block(int inputs, int block, int bits)
    {
        float[] columns = Values(inputs * 3);
        (byte[] values, float[] scales) = WeightRounding.Blockwise(columns, inputs, LayerForm.Blockwise(block, bits));
        int blocks = (inputs + block - 1) / block, most = (1 << (bits - 1)) - 1;
        await Assert.That(values.Length).IsEqualTo(3 * blocks * block);
        for (int i = 0; i < columns.Length; i++)
        {
            int number = (i / inputs * blocks) + (i % inputs / block), at = (number * block) + (i % inputs % block);
            await Assert.That(Math.Abs(((values[at] - 128) * scales[number]) - columns[i])).IsLessThanOrEqualTo(scales[number] * 0.501f);
            await Assert.That(Math.Abs(values[at] - 128)).IsLessThanOrEqualTo(most);
        }

        // What fills up a short block is zero.
        await Assert.That(values.Skip(((blocks - 1) * block) + ((inputs - 1) % block) + 1).Take((blocks * block) - inputs)
            .All(value => value == 128)).IsTrue();
    }

    [Test]
    public async Task A_weight_is_within_half_a_step_of_its_column()
    {
        float[] columns = Values(40 * 3);
        (byte[] values, float[] scales) = WeightRounding.Whole(columns, 40, LayerForm.Dynamic(7));
        for (int i = 0; i < columns.Length; i++)
        {
            int column = i / 40, rounded = (sbyte)values[(i % 40 * 3) + column];
            await Assert.That(Math.Abs((rounded * scales[column]) - columns[i])).IsLessThanOrEqualTo(scales[column] * 0.501f);
            await Assert.That(Math.Abs(rounded)).IsLessThanOrEqualTo(63);
        }
    }

    [Test]
    public async Task Zeros_stay_zeros_and_what_is_not_finite_is_refused()
    {
        (byte[] values, float[] scales) = WeightRounding.Blockwise(new float[64], 64, LayerForm.Blockwise(32, 8));
        await Assert.That(values.All(value => value == 128) && scales.All(scale => scale == 0)).IsTrue();
        foreach (float odd in (float[])[float.NaN, float.PositiveInfinity])
        {
            await Assert.That(() => WeightRounding.Whole([1, odd], 2, LayerForm.Dynamic(8))).Throws<InvalidDataException>();
        }
    }

    static float[] Values(int count)
    {
        var chance = new Lcg(3);
        return [.. Enumerable.Range(0, count).Select(_ => (chance.Next(2001) - 1000) / 700f)];
    }
}
