using System.Buffers;
using ImmichMl.Imaging;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// Picture to embedding: shorter side to the model's size with Pillow's bicubic, centre crop, standardize, NCHW, run. The embedding
/// is the model's first output, row 0, as it stands.
/// </summary>
public sealed class ClipVisualEncoder : IDisposable
{
    readonly ModelSession _session;
    readonly StandardizeTable _table;
    readonly int _side;

    ClipVisualEncoder(ModelSession session, StandardizeTable table, int side)
    {
        _session = session;
        _table = table;
        _side = side;
    }

    /// <exception cref="ModelException">The model or its configuration is missing or does not fit.</exception>
    public static ClipVisualEncoder Load(ModelKey key, ModelStore store, SessionFactory sessions)
    {
        string folder = store.Find(key);
        VisualConfig config = VisualConfig.Read(key, folder);
        return sessions.Load(key, Path.Combine(folder, ModelStore.ModelFileName), session =>
            new ClipVisualEncoder(session, new StandardizeTable(config.Mean, config.Std), SideOf(key, session, config)));
    }

    /// <summary>A size that is fixed in the graph counts; the configuration's where the graph leaves it free.</summary>
    static int SideOf(ModelKey key, ModelSession session, VisualConfig config)
    {
        if (session.Inputs is not
            [{
                ElementType: TensorElementType.Float or TensorElementType.Float16,
                Dimensions: [<= 1, -1 or 3, <= VisualConfig.MaxSide and var height, <= VisualConfig.MaxSide and var width],
            }])
        {
            throw new ModelException(ModelFault.Unusable, $"Model {key} does not take one float tensor of [1, 3, height, width].");
        }

        int side = height > 0 ? height : config.Side;
        return width <= 0 || width == side
            ? side
            : throw new ModelException(ModelFault.Unusable, $"Model {key} wants pictures of {width}×{height}; only squares are known here.");
    }

    /// <summary>The embedding, as many floats as the model gives.</summary>
    public float[] Encode(Bitmap bitmap, StageClock clock, CancellationToken cancellation)
    {
        int length = 3 * _side * _side;
        float[] tensor = ArrayPool<float>.Shared.Rent(length);
        try
        {
            clock.Start(Stage.Preprocess);
            Preprocess(bitmap, tensor.AsSpan(0, length));
            clock.Start(Stage.Inference);
            OutputTensor output = _session.Run(tensor.AsMemory(0, length), [1, 3, _side, _side], cancellation);
            clock.Start(Stage.Postprocess);
            return output.FirstRow;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(tensor);
        }
    }

    void Preprocess(Bitmap bitmap, Span<float> tensor)
    {
        (int width, int height, PixelRectangle region) = CenterCrop.Plan(bitmap.Width, bitmap.Height, _side);
        TensorWriter.WriteResized(bitmap, width, height, ResampleFilter.Bicubic, region, _table, tensor);
    }

    public void Dispose() => _session.Dispose();
}
