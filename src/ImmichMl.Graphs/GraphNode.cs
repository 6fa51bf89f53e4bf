using System.Buffers;
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

    public long IntAttribute(string attribute, long absent)
    {
        foreach ((int field, ulong value, _) in FieldsOf(attribute))
        {
            if (field == 3)
            {
                return (long)value;
            }
        }

        return absent;
    }

    /// <returns>Null where there is none.</returns>
    public float? FloatAttribute(string attribute)
    {
        foreach ((int field, _, byte[] content) in FieldsOf(attribute))
        {
            if (field == 2)
            {
                return BinaryPrimitives.ReadSingleLittleEndian(content);
            }
        }

        return null;
    }

    /// <summary>The tensor that an attribute is, under a name; null where there is none.</summary>
    public GraphTensor? Tensor(string attribute, string name)
    {
        foreach ((int field, _, byte[] content) in FieldsOf(attribute))
        {
            if (field == 5)
            {
                return GraphTensor.Named(content, name);
            }
        }

        return null;
    }

    /// <returns>Null where there is none.</returns>
    public int[]? Ints(string attribute)
    {
        var values = new List<int>();
        foreach ((int field, ulong value, byte[] content) in FieldsOf(attribute))
        {
            if (field == 8)
            {
                values.AddRange((content.Length == 0 ? [(long)value] : GraphTensor.Packed(content)).Select(number => (int)number));
            }
        }

        return Has(attribute) ? [.. values] : null;
    }

    public GraphNode With(string attribute, long value)
    {
        var written = new ArrayBufferWriter<byte>();
        Protobuf.WriteText(written, 1, attribute);
        Protobuf.WriteNumber(written, 3, value);
        Protobuf.WriteNumber(written, 20, 2);
        _attributes[attribute] = written.WrittenSpan.ToArray();
        return this;
    }

    public GraphNode With(string attribute, float value)
    {
        var written = new ArrayBufferWriter<byte>();
        Protobuf.WriteText(written, 1, attribute);
        written.Write((ReadOnlySpan<byte>)[0x15]); // Field 2, four bytes.
        BinaryPrimitives.WriteSingleLittleEndian(written.GetSpan(4), value);
        written.Advance(4);
        Protobuf.WriteNumber(written, 20, 1);
        _attributes[attribute] = written.WrittenSpan.ToArray();
        return this;
    }

    List<(int Field, ulong Value, byte[] Content)> FieldsOf(string attribute)
    {
        var fields = new List<(int, ulong, byte[])>();
        if (_attributes.TryGetValue(attribute, out byte[]? message))
        {
            for (int at = 0; at < message.Length;)
            {
                ProtobufField field = Protobuf.Next(message, ref at);
                fields.Add((field.Number, field.Value, field.Content.ToArray()));
            }
        }

        return fields;
    }

    public static GraphNode Read(ReadOnlySpan<byte> message)
    {
        (string name, string kind, string domain) = ("", "", "");
        List<string> inputs = [], outputs = [];
        var attributes = new Dictionary<string, byte[]>();
        for (int at = 0; at < message.Length;)
        {
            ProtobufField field = Protobuf.Next(message, ref at);
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
        for (int at = 0; at < attribute.Length;)
        {
            ProtobufField field = Protobuf.Next(attribute, ref at);
            if (field.Number == 1)
            {
                return field.Text;
            }
        }

        return "";
    }

    public byte[] ToBytes()
    {
        var written = new ArrayBufferWriter<byte>();
        Inputs.ForEach(input => Protobuf.WriteText(written, InputField, input));
        Outputs.ForEach(output => Protobuf.WriteText(written, OutputField, output));
        Protobuf.WriteText(written, NameField, Name);
        Protobuf.WriteText(written, OperatorField, Operator);
        foreach (byte[] attribute in _attributes.Values)
        {
            Protobuf.WriteBytes(written, AttributeField, attribute);
        }

        Protobuf.WriteText(written, DomainField, Domain);
        return written.WrittenSpan.ToArray();
    }
}
