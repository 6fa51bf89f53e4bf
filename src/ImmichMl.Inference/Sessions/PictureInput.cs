namespace ImmichMl.Inference.Sessions;

/// <summary>
/// What a model of pictures takes, as its graph says: planes of float32 or half precision, NCHW, or pixels as they are, uint8, NHWC; a
/// uint8 input with three planes is NCHW too. Neither a folder nor a setting has a say.
/// </summary>
/// <param name="IsPixels">uint8: scaling is in the graph.</param>
/// <param name="IsPlanar">NCHW.</param>
/// <param name="Batch">Pictures of one run; 0 or less where it is free.</param>
/// <param name="Height">Of a picture; 0 or less where it is free.</param>
/// <param name="Width">Of a picture; 0 or less where it is free.</param>
readonly record struct PictureInput(bool IsPixels, bool IsPlanar, int Batch, int Height, int Width)
{
    /// <summary>What belongs there, for a message.</summary>
    public const string Expected = "one tensor of float [n, 3, height, width] or uint8 [n, height, width, 3]";

    /// <returns>Null where the model does not take just one tensor of pictures.</returns>
    public static PictureInput? Of(ModelSession session) => session.Inputs is not [var input] ? null : input switch
    {
        { ElementType: TensorElementType.Float or TensorElementType.Float16, Dimensions: [var batch, -1 or 3, var height, var width] } =>
            new(false, true, batch, height, width),
        { ElementType: TensorElementType.UInt8, Dimensions: [var batch, 3, var height, var width] } =>
            new(true, true, batch, height, width),
        { ElementType: TensorElementType.UInt8, Dimensions: [var batch, var height, var width, -1 or 3] } =>
            new(true, false, batch, height, width),
        _ => null,
    };

    public long[] ShapeOf(int count, int height, int width) =>
        IsPlanar ? [count, Bitmap.BytesPerPixel, height, width] : [count, height, width, Bitmap.BytesPerPixel];
}
