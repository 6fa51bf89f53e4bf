namespace ImmichMl.Inference.Sessions;

/// <summary>
/// What ONNX Runtime gave: float32 is read where it lies, half precision is turned into it once, and so are a text recognizer's classes,
/// which are few enough to be exact.
/// </summary>
sealed class OrtOutput : OutputView
{
    readonly OrtValue _value;
    readonly float[]? _converted;

    /// <exception cref="ModelException">It holds more than any model's, or no floats.</exception>
    public OrtOutput(ModelKey key, OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        OutputLimit.Check(key, info.Shape);
        _value = value;
        Dimensions = info.Shape;
        _converted = info.ElementDataType == TensorElementType.Float ? null
            : info.ElementDataType == TensorElementType.Int32 && key.Kind == ModelKind.TextRecognition
                ? Array.ConvertAll(value.GetTensorDataAsSpan<int>().ToArray(), number => (float)number)
            : FloatsOf(value) ?? throw key.Unusable($"answers with {info.ElementDataType}, not with float.");
    }

    public override long[] Dimensions { get; }

    public override ReadOnlySpan<float> Values => _converted ?? _value.GetTensorDataAsSpan<float>();

    public static IReadOnlyList<OutputView> Of(ModelKey key, IReadOnlyList<OrtValue> values) =>
        [.. values.Select(value => new OrtOutput(key, value))];

    /// <summary>A copy of its values; null where they are neither float nor half.</summary>
    public static float[]? FloatsOf(OrtValue value)
    {
        switch (value.GetTensorTypeAndShape().ElementDataType)
        {
            case TensorElementType.Float:
                return value.GetTensorDataAsSpan<float>().ToArray();
            case TensorElementType.Float16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>());
                var floats = new float[halves.Length];
                TensorPrimitives.ConvertToSingle(halves, floats);
                return floats;
            default:
                return null;
        }
    }

    /// <summary>True where no value is infinite or not a number.</summary>
    public static bool AreFinite(ReadOnlySpan<float> values) => values.IsEmpty || float.IsFinite(TensorPrimitives.MaxMagnitude(values));

    /// <summary>The same of an output; numbers of other types always are.</summary>
    public static bool IsFinite(OrtValue output) => output.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.Float => AreFinite(output.GetTensorDataAsSpan<float>()),
        TensorElementType.Float16 =>
            !MemoryMarshal.Cast<Float16, Half>(output.GetTensorDataAsSpan<Float16>())
                .ContainsAnyExceptInRange(Half.MinValue, Half.MaxValue),
        _ => true,
    };
}
