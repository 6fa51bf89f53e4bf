
namespace ImmichMl.Tests.Support;

/// <summary>
/// Builds small ONNX models for tests; field numbers are those of onnx.proto. It checks nothing: a wrong graph is for ONNX Runtime
/// to refuse, and some tests want just that.
/// </summary>
internal sealed class OnnxGraph(string name)
{
    private readonly ProtobufWriter _graph = new ProtobufWriter().Text(2, name);
    private readonly ProtobufWriter _metadata = new();
    private int _irVersion = 8;
    private int _opset = 17;
    private int _nodes;

    public OnnxGraph Versions(int ir, int opset)
    {
        (_irVersion, _opset) = (ir, opset);
        return this;
    }

    public OnnxGraph Metadata(string key, string value)
    {
        _metadata.Message(14, new ProtobufWriter().Text(1, key).Text(2, value));
        return this;
    }

    /// <summary>A dim given as text is a free axis. No dims at all: the rank is left open.</summary>
    public OnnxGraph Input(string input, OnnxType type, params ReadOnlySpan<OnnxDim> dims) => Add(11, ValueInfo(input, type, dims));

    public OnnxGraph Output(string output, OnnxType type, params ReadOnlySpan<OnnxDim> dims) => Add(12, ValueInfo(output, type, dims));

    public OnnxGraph Initializer(string initializer, OnnxTensor tensor) => Add(5, tensor.Write(initializer));

    /// <summary>The node is called after its operator and place: Sub_0, Mul_1.</summary>
    public OnnxGraph Node(
        string op, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, params ReadOnlySpan<OnnxAttribute> attributes) =>
        NamedNode($"{op}_{_nodes}", op, inputs, outputs, attributes);

    public OnnxGraph NamedNode(
        string node, string op, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        var message = new ProtobufWriter();
        foreach (var input in inputs)
        {
            message.Text(1, input);
        }

        foreach (var output in outputs)
        {
            message.Text(2, output);
        }

        message.Text(3, node).Text(4, op);
        foreach (var attribute in attributes)
        {
            message.Message(5, attribute.Message);
        }

        _nodes++;
        return Add(1, message);
    }

    public byte[] ToModel()
    {
        var model = new ProtobufWriter().Number(1, _irVersion).Text(2, "immich-ml tests").Message(7, _graph)
            .Message(8, new ProtobufWriter().Text(1, "").Number(2, _opset));
        return [.. model.ToArray(), .. _metadata.ToArray()];
    }

    private static ProtobufWriter ValueInfo(string value, OnnxType type, ReadOnlySpan<OnnxDim> dims)
    {
        var tensor = new ProtobufWriter().Number(1, (long)type);
        if (!dims.IsEmpty)
        {
            var shape = new ProtobufWriter();
            foreach (var dim in dims)
            {
                shape.Message(1, dim.Name is null ? new ProtobufWriter().Number(1, dim.Size) : new ProtobufWriter().Text(2, dim.Name));
            }

            tensor.Message(2, shape);
        }

        return new ProtobufWriter().Text(1, value).Message(2, new ProtobufWriter().Message(1, tensor));
    }

    private OnnxGraph Add(int field, ProtobufWriter message)
    {
        _graph.Message(field, message);
        return this;
    }
}
