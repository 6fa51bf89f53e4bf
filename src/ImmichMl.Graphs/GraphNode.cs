using System.Buffers.Binary;

namespace ImmichMl.Graphs;

/// <summary>One operator of a graph. Source: onnx.proto, NodeProto and AttributeProto.</summary>
public sealed class GraphNode
{
    const int InputField = 1, OutputField = 2, NameField = 3, OperatorField = 4, AttributeField = 5, DomainField = 7;

    readonly Dictionary<string, byte[]> _attributes = [];

    public string Name { get; init; } = "";

    public required string Operator { get; init; }

    /// <summary>Empty: ONNX's own.</summary>
    public string Domain { get; init; } = "";

    /// <summary>An input that is left out is empty.</summary>
    public List<string> Inputs { get; init; } = [];

    public List<string> Outputs { get; init; } = [];

    public string Output => Outputs[0];

    /// <summary>ONNX's own operator of that name.</summary>
    public bool Is(string name) => Operator == name && (Domain is "" or "ai.onnx");

    /// <summary>A branch or loop, which may use values that are not among its inputs.</summary>
    public bool HasGraph => _attributes.Keys.Any(attribute => FieldsOf(attribute).Any(part => part.Field is 6 or 11));

    public bool Has(string attribute) => _attributes.ContainsKey(attribute);

    public long IntAttribute(string attribute, long absent) => FieldOf(attribute, 3) is { } field ? (long)field.Value : absent;

    /// <returns>Null where there is none.</returns>
    public float? FloatAttribute(string attribute) =>
        FieldOf(attribute, 2) is { } field ? BinaryPrimitives.ReadSingleLittleEndian(field.Content) : null;

    /// <summary>The tensor that an attribute is, under a name; null where there is none.</summary>
    public GraphTensor? Tensor(string attribute, string name) =>
        FieldOf(attribute, 5) is { } field ? GraphTensor.Named(field.Content, name) : null;

    /// <returns>Null where there is none.</returns>
    public int[]? Ints(string attribute) => Has(attribute)
        ? [.. FieldsOf(attribute).Where(part => part.Field == 8).SelectMany(part => part.Numbers).Select(number => (int)number)]
        : null;

    public GraphNode With(string attribute, long value) =>
        With(attribute, new ProtobufWriter().Text(1, attribute).Number(3, value).Number(20, 2));

    public GraphNode With(string attribute, float value) =>
        With(attribute, new ProtobufWriter().Text(1, attribute).Fixed32(2, value).Number(20, 1));

    GraphNode With(string attribute, ProtobufWriter message)
    {
        _attributes[attribute] = message.ToArray();
        return this;
    }

    (ulong Value, byte[] Content)? FieldOf(string attribute, int number)
    {
        foreach ((int field, ulong value, byte[] content, _) in FieldsOf(attribute))
        {
            if (field == number)
            {
                return (value, content);
            }
        }

        return null;
    }

    List<FieldContent> FieldsOf(string attribute)
    {
        var fields = new List<FieldContent>();
        foreach (ProtobufField field in new ProtobufFields(_attributes.GetValueOrDefault(attribute)))
        {
            fields.Add(new FieldContent(field.Number, field.Value, field.Content.ToArray(), field.Number == 8 ? field.Numbers : []));
        }

        return fields;
    }

    public static GraphNode Read(ReadOnlySpan<byte> message)
    {
        (string name, string kind, string domain) = ("", "", "");
        List<string> inputs = [], outputs = [];
        var attributes = new Dictionary<string, byte[]>();
        foreach (ProtobufField field in new ProtobufFields(message))
        {
            switch (field.Number)
            {
                case InputField:
                    inputs.Add(field.Text);
                    break;
                case OutputField:
                    outputs.Add(field.Text);
                    break;
                case NameField:
                    name = field.Text;
                    break;
                case OperatorField:
                    kind = field.Text;
                    break;
                case AttributeField:
                    attributes[NameOf(field.Content)] = field.Content.ToArray();
                    break;
                case DomainField:
                    domain = field.Text;
                    break;
            }
        }

        var node = new GraphNode { Name = name, Operator = kind, Domain = domain, Inputs = inputs, Outputs = outputs };
        foreach ((string attribute, byte[] content) in attributes)
        {
            node._attributes[attribute] = content;
        }

        return node;
    }

    static string NameOf(ReadOnlySpan<byte> attribute)
    {
        foreach (ProtobufField field in new ProtobufFields(attribute))
        {
            if (field.Number == 1)
            {
                return field.Text;
            }
        }

        return "";
    }

    internal ProtobufWriter ToMessage()
    {
        ProtobufWriter written = new ProtobufWriter().Texts(InputField, Inputs).Texts(OutputField, Outputs).Text(NameField, Name)
            .Text(OperatorField, Operator);
        foreach (byte[] attribute in _attributes.Values)
        {
            written.Bytes(AttributeField, attribute);
        }

        return written.Text(DomainField, Domain);
    }

    /// <summary>A field of an attribute's message.</summary>
    sealed record FieldContent(int Field, ulong Value, byte[] Content, List<long> Numbers);
}
