namespace ImmichMl.Graphs.Quantization;

/// <summary>How the weights of a product are kept, and with what it is calculated.</summary>
public enum LayerKind
{
    /// <summary>Single precision, as it stands.</summary>
    Plain,

    /// <summary>
    /// com.microsoft.MatMulNBits: a scale for each block of a column; activations are rounded block by block as well. Nearly lossless.
    /// </summary>
    Blockwise,

    /// <summary>com.microsoft.DynamicQuantizeMatMul: a scale for each column, one for all activations of a run. The fastest.</summary>
    Dynamic,
}

/// <summary>One layer's form.</summary>
/// <param name="Kind">Which operator calculates it.</param>
/// <param name="Block">Weights of a column that share a scale; 0 where a whole column does.</param>
/// <param name="Bits">Of a weight, at most 8. What has fewer is stored in 8: products of x86 without VNNI overflow in pairs.</param>
public sealed record LayerForm(LayerKind Kind, int Block = 0, int Bits = 8)
{
    public static LayerForm Plain => new(LayerKind.Plain);

    public static LayerForm Dynamic(int bits) => new(LayerKind.Dynamic, 0, bits);

    public static LayerForm Blockwise(int block, int bits) => new(LayerKind.Blockwise, block, bits);

    /// <summary>The largest whole number that a weight becomes.</summary>
    internal int Most => (1 << (Bits - 1)) - 1;
}

/// <summary>What becomes of a layer.</summary>
/// <param name="Form">Its form.</param>
/// <param name="Scale">
/// For each input channel what its activations are divided by and its weights multiplied with, so that a channel far larger than the others
/// does not take their digits; null: nothing is moved.
/// </param>
public sealed record LayerPlan(LayerForm Form, float[]? Scale = null);
