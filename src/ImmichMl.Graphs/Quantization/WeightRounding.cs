using System.Runtime.InteropServices;

namespace ImmichMl.Graphs.Quantization;

/// <summary>
/// Rounds weights to whole numbers of a form, symmetrically: the largest of those that share a scale becomes the largest number. Sources:
/// ONNX Runtime's operator descriptions (MatMulNBits, DynamicQuantizeMatMul, GatherBlockQuantized).
/// </summary>
static class WeightRounding
{
    /// <summary>What 0 becomes where weights are stored unsigned.</summary>
    public const byte Middle = 128;

    /// <param name="columns">Each of <paramref name="inputs"/> weights, one after the other.</param>
    /// <param name="inputs">Weights of a column.</param>
    /// <param name="form">Block and bits.</param>
    /// <returns>[columns, blocks, block] unsigned, a last block that is short filled up; [columns, blocks] scales.</returns>
    public static (byte[] Values, float[] Scales) Blockwise(ReadOnlySpan<float> columns, int inputs, LayerForm form)
    {
        int blocks = (inputs + form.Block - 1) / form.Block, outputs = columns.Length / inputs;
        var values = new byte[outputs * blocks * form.Block];
        var scales = new float[outputs * blocks];
        values.AsSpan().Fill(Middle);
        for (int i = 0; i < scales.Length; i++)
        {
            int from = i % blocks * form.Block;
            ReadOnlySpan<float> block = columns.Slice((i / blocks * inputs) + from, Math.Min(form.Block, inputs - from));
            Span<byte> rounded = values.AsSpan(i * form.Block, block.Length);
            scales[i] = Largest(block) / form.Most;
            for (int at = 0; scales[i] > 0 && at < block.Length; at++)
            {
                rounded[at] = (byte)(Middle + (int)MathF.Round(block[at] / scales[i]));
            }
        }

        return (values, scales);
    }

    /// <returns>[inputs, columns] signed; a scale for each column.</returns>
    public static (byte[] Values, float[] Scales) Whole(ReadOnlySpan<float> columns, int inputs, LayerForm form)
    {
        int outputs = columns.Length / inputs;
        var values = new sbyte[columns.Length];
        var scales = new float[outputs];
        for (int column = 0; column < outputs; column++)
        {
            ReadOnlySpan<float> one = columns.Slice(column * inputs, inputs);
            scales[column] = Largest(one) / form.Most;
            for (int row = 0; scales[column] > 0 && row < inputs; row++)
            {
                values[(row * outputs) + column] = (sbyte)MathF.Round(one[row] / scales[column]);
            }
        }

        return (MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), scales);
    }

    static float Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        return float.IsFinite(largest) ? largest : throw new InvalidDataException("A weight is not finite.");
    }
}
