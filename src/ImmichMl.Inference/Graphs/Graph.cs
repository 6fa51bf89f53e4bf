using System.Buffers;

namespace ImmichMl.Inference.Graphs;

/// <summary>A model's graph to change: nodes in their order, who makes a value and who takes it, and constants.</summary>
sealed class Graph
{
    const int GraphField = 7;
    const int NodeField = 1;
    const int InitializerField = 5;
    const int OutputField = 12;
    const int ShapesField = 13;

    readonly List<OnnxField> _model;
    readonly List<OnnxField> _rest;
    readonly Dictionary<string, GraphConstant> _constants = [];
    readonly HashSet<string> _outputs;
    int _made;

    Graph(List<OnnxField> model, List<OnnxField> graph)
    {
        _model = model;
        _rest = [.. graph.Where(field => field.Number is not (NodeField or ShapesField))];
        Nodes = [.. graph.Where(field => field.Number == NodeField).Select(field => GraphNode.Read(field.Content))];
        _outputs = [.. graph.Where(field => field.Number == OutputField).Select(field => NameOf(field, 1))];
        foreach (GraphNode node in Nodes.Where(node => node is { Operator: "Constant", Outputs: [_] }))
        {
            if (node.Constant is { } constant)
            {
                _constants[node.Outputs[0]] = constant;
            }
        }

        foreach (OnnxField field in graph.Where(field => field.Number == InitializerField))
        {
            if (GraphNode.ReadTensor(field.Content) is { } constant)
            {
                _constants[NameOf(field, 8)] = constant;
            }
        }
    }

    public List<GraphNode> Nodes { get; }

    /// <summary>Null where it is nothing that may be changed: nodes with a domain of their own are not known here.</summary>
    /// <exception cref="InvalidDataException">These are no bytes of a model.</exception>
    public static Graph? Read(ReadOnlyMemory<byte> model)
    {
        List<OnnxField> fields = OnnxFields.Read(model);
        if (fields.FirstOrDefault(field => field.Number == GraphField) is not { Number: GraphField } graph)
        {
            return null;
        }

        var read = new Graph(fields, OnnxFields.Read(graph.Content));
        return read.Nodes.All(node => node.IsStandard && !node.Has("body") && !node.Has("then_branch")) ? read : null;
    }

    static string NameOf(OnnxField field, int number) => OnnxFields.Read(field.Content).FirstOrDefault(inner => inner.Number == number).Text;

    public GraphConstant? Constant(string name) => _constants.GetValueOrDefault(name);

    /// <summary>The number, where the constant is a single one.</summary>
    public float? Single(string name) => Constant(name) is { Values: [var value] } ? value : null;

    public string Add(GraphConstant constant)
    {
        string name = $"immich_ml_{_made++}";
        _constants[name] = constant;
        Nodes.Insert(0, GraphNode.Of(name, constant));
        return name;
    }

    public List<GraphNode> TakersOf(string value) => Nodes.FindAll(node => node.Inputs.Contains(value));

    /// <summary>The one node that takes a value which is nobody else's, the caller's neither.</summary>
    public GraphNode? OnlyTakerOf(string value) => !_outputs.Contains(value) && TakersOf(value) is [var taker] ? taker : null;

    public bool IsOutput(string value) => _outputs.Contains(value);

    public byte[] Write()
    {
        var graph = new ArrayBufferWriter<byte>();
        Nodes.ForEach(node => OnnxFields.Write(graph, NodeField, node.Write().Span));
        _rest.ForEach(field => graph.Write(field.Whole.Span));
        var model = new ArrayBufferWriter<byte>(graph.WrittenCount + 4096);
        foreach (OnnxField field in _model)
        {
            if (field.Number == GraphField)
            {
                OnnxFields.Write(model, GraphField, graph.WrittenSpan);
            }
            else
            {
                model.Write(field.Whole.Span);
            }
        }

        return model.WrittenSpan.ToArray();
    }
}
