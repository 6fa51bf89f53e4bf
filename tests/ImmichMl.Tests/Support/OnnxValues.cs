
namespace ImmichMl.Tests.Support;

/// <summary>Element types, by their numbers in onnx.proto (TensorProto.DataType).</summary>
internal enum OnnxType
{
    Float = 1,
    UInt8 = 2,
    Int32 = 6,
    Int64 = 7,
    Bool = 9,
    Float16 = 10,
    Double = 11,
}

/// <summary>One axis: a number, or a name for a size that is free until the model runs.</summary>
internal readonly record struct OnnxDim(long Size, string? Name)
{
    public static implicit operator OnnxDim(long size) => new(size, null);

    public static implicit operator OnnxDim(string name) => new(0, name);
}

/// <summary>Constant values for an initializer or an attribute. No dims: a scalar.</summary>
internal sealed class OnnxTensor
{
    private readonly OnnxType _type;
    private readonly long[] _dims;
    private readonly byte[] _littleEndian;

    private OnnxTensor(OnnxType type, ReadOnlySpan<long> dims, int count, ReadOnlySpan<byte> littleEndian)
    {
        var expected = 1L;
        foreach (var dim in dims)
        {
            expected *= dim;
        }

        if (count != expected)
        {
            throw new ArgumentException($"{count} values for a shape of {expected}");
        }

        (_type, _dims, _littleEndian) = (type, dims.ToArray(), littleEndian.ToArray());
    }

    public static OnnxTensor Floats(ReadOnlySpan<long> dims, ReadOnlySpan<float> values) =>
        new(OnnxType.Float, dims, values.Length, MemoryMarshal.AsBytes(values));

    public static OnnxTensor Halves(ReadOnlySpan<long> dims, ReadOnlySpan<Half> values) =>
        new(OnnxType.Float16, dims, values.Length, MemoryMarshal.AsBytes(values));

    public static OnnxTensor Int32s(ReadOnlySpan<long> dims, ReadOnlySpan<int> values) =>
        new(OnnxType.Int32, dims, values.Length, MemoryMarshal.AsBytes(values));

    public static OnnxTensor Int64s(ReadOnlySpan<long> dims, ReadOnlySpan<long> values) =>
        new(OnnxType.Int64, dims, values.Length, MemoryMarshal.AsBytes(values));

    /// <summary>Floats in a file beside the model: external_data is field 13, data_location 14 with 1 for EXTERNAL.</summary>
    public static OnnxTensor External(ReadOnlySpan<long> dims, string file) => new(OnnxType.Float, dims, file);

    private OnnxTensor(OnnxType type, ReadOnlySpan<long> dims, string file) =>
        (_type, _dims, _littleEndian, _file) = (type, dims.ToArray(), [], file);

    private readonly string? _file;

    internal ProtobufWriter Write(string name)
    {
        var tensor = new ProtobufWriter();
        foreach (var dim in _dims)
        {
            tensor.Number(1, dim);
        }

        tensor.Number(2, (long)_type).Text(8, name);
        return _file is null
            ? tensor.Bytes(9, _littleEndian)
            : tensor.Message(13, new ProtobufWriter().Text(1, "location").Text(2, _file)).Number(14, 1);
    }
}

/// <summary>A node's attribute. The last field of each, 20, is onnx.proto's AttributeType.</summary>
internal sealed class OnnxAttribute
{
    private OnnxAttribute(ProtobufWriter message) => Message = message;

    internal ProtobufWriter Message { get; }

    public static OnnxAttribute Float(string name, float value) => new(Named(name).Fixed32(2, value).Number(20, 1));

    public static OnnxAttribute Int(string name, long value) => new(Named(name).Number(3, value).Number(20, 2));

    public static OnnxAttribute String(string name, string value) =>
        new(Named(name).Bytes(4, Encoding.UTF8.GetBytes(value)).Number(20, 3));

    public static OnnxAttribute Tensor(string name, OnnxTensor value) => new(Named(name).Message(5, value.Write("")).Number(20, 4));

    public static OnnxAttribute Floats(string name, params ReadOnlySpan<float> values)
    {
        var message = Named(name);
        foreach (var value in values)
        {
            message.Fixed32(7, value);
        }

        return new OnnxAttribute(message.Number(20, 6));
    }

    public static OnnxAttribute Ints(string name, params ReadOnlySpan<long> values)
    {
        var message = Named(name);
        foreach (var value in values)
        {
            message.Number(8, value);
        }

        return new OnnxAttribute(message.Number(20, 7));
    }

    private static ProtobufWriter Named(string name) => new ProtobufWriter().Text(1, name);
}
