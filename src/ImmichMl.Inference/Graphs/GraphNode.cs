using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ImmichMl.Inference.Graphs;

/// <summary>Constant float32 values, row by row.</summary>
sealed record GraphConstant(long[] Dimensions, float[] Values);

/// <summary>A node of a graph. Attributes are kept as they came.</summary>
sealed class GraphNode
{
    const int InputField = 1;
    const int OutputField = 2;
    const int NameField = 3;
    const int OperatorField = 4;
    const int AttributeField = 5;
    const int DomainField = 7;

    const int TensorDimensions = 1;
    const int TensorType = 2;
    const int TensorFloats = 4;
    const int TensorRaw = 9;
    const int FloatType = 1;

    readonly List<(string Name, ReadOnlyMemory<byte> Message)> _attributes = [];
    string _name = "";

    public required string Operator { get; init; }

    public bool IsStandard { get; private init; } = true;

    public List<string> Inputs { get; init; } = [];

    public List<string> Outputs { get; init; } = [];

    public static GraphNode Read(ReadOnlyMemory<byte> message)
    {
        List<OnnxField> fields = OnnxFields.Read(message);
        string Text(int number) => fields.FirstOrDefault(field => field.Number == number).Text;
        var node = new GraphNode
        {
            Operator = Text(OperatorField), IsStandard = Text(DomainField) is "" or "ai.onnx", _name = Text(NameField),
            Inputs = [.. fields.Where(field => field.Number == InputField).Select(field => field.Text)],
            Outputs = [.. fields.Where(field => field.Number == OutputField).Select(field => field.Text)],
        };
        node._attributes.AddRange(fields.Where(field => field.Number == AttributeField).Select(field =>
            (OnnxFields.Read(field.Content).FirstOrDefault(inner => inner.Number == 1).Text, field.Content)));
        return node;
    }

    /// <summary>A node that gives a constant.</summary>
    public static GraphNode Of(string output, GraphConstant constant)
    {
        var tensor = new ArrayBufferWriter<byte>();
        Array.ForEach(constant.Dimensions, size => OnnxFields.Write(tensor, TensorDimensions, (ulong)size));
        OnnxFields.Write(tensor, TensorType, FloatType);
        OnnxFields.Write(tensor, TensorRaw, MemoryMarshal.AsBytes(constant.Values.AsSpan()));
        var attribute = new ArrayBufferWriter<byte>();
        OnnxFields.Write(attribute, 1, "value");
        OnnxFields.Write(attribute, 5, tensor.WrittenSpan);
        OnnxFields.Write(attribute, 20, 4ul);
        var node = new GraphNode { Operator = "Constant", Outputs = [output] };
        node._attributes.Add(("value", attribute.WrittenMemory));
        return node;
    }

    public GraphNode With(string attribute, float value)
    {
        var message = new ArrayBufferWriter<byte>();
        OnnxFields.Write(message, 1, attribute);
        message.Write<byte>([(2 << 3) | 5]);
        BinaryPrimitives.WriteSingleLittleEndian(message.GetSpan(4), value);
        message.Advance(4);
        OnnxFields.Write(message, 20, 1ul);
        _attributes.Add((attribute, message.WrittenMemory));
        return this;
    }

    public GraphNode With(string attribute, long value)
    {
        var message = new ArrayBufferWriter<byte>();
        OnnxFields.Write(message, 1, attribute);
        OnnxFields.Write(message, 3, (ulong)value);
        OnnxFields.Write(message, 20, 2ul);
        _attributes.Add((attribute, message.WrittenMemory));
        return this;
    }

    public bool Has(string attribute) => _attributes.Any(one => one.Name == attribute);

    public IReadOnlyList<long> Numbers(string attribute) =>
        [.. Fields(attribute).Where(field => field.Number == 8).SelectMany(OnnxFields.Numbers)];

    public float? Float(string attribute) => Fields(attribute).FirstOrDefault(field => field.Number == 2) is { Content.Length: 4 } field
        ? BinaryPrimitives.ReadSingleLittleEndian(field.Content.Span)
        : null;

    /// <summary>What a Constant node gives; null where that is no float32.</summary>
    public GraphConstant? Constant => Fields("value").FirstOrDefault(part => part.Number == 5) is { Number: 5 } tensor ? ReadTensor(tensor.Content) : null;

    /// <summary>Null for what is no float32, or lies in another file.</summary>
    public static GraphConstant? ReadTensor(ReadOnlyMemory<byte> message)
    {
        List<OnnxField> fields = OnnxFields.Read(message);
        long[] dimensions = [.. fields.Where(field => field.Number == TensorDimensions).SelectMany(OnnxFields.Numbers)];
        int bytes = fields.FirstOrDefault(field => field.Number == TensorRaw) is { Number: TensorRaw } raw ? raw.Content.Length : -1;
        ReadOnlyMemory<byte> data = fields.FirstOrDefault(field => field.Number == (bytes >= 0 ? TensorRaw : TensorFloats)).Content;
        return fields.FirstOrDefault(field => field.Number == TensorType).Value == FloatType && data.Length == 4 * dimensions.Aggregate(1L, (size, next) => size * next)
            ? new GraphConstant(dimensions, MemoryMarshal.Cast<byte, float>(data.Span).ToArray())
            : null;
    }

    List<OnnxField> Fields(string attribute) =>
        _attributes.FirstOrDefault(one => one.Name == attribute) is { Name: not null } found ? OnnxFields.Read(found.Message) : [];

    public ReadOnlyMemory<byte> Write()
    {
        var message = new ArrayBufferWriter<byte>();
        Inputs.ForEach(input => OnnxFields.Write(message, InputField, input));
        Outputs.ForEach(output => OnnxFields.Write(message, OutputField, output));
        OnnxFields.Write(message, NameField, _name);
        OnnxFields.Write(message, OperatorField, Operator);
        _attributes.ForEach(attribute => OnnxFields.Write(message, AttributeField, attribute.Message.Span));
        return message.WrittenMemory;
    }
}
