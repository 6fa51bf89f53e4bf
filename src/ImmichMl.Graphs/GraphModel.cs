namespace ImmichMl.Graphs;

/// <summary>
/// A model file as what is changed here needs it: operators, constants, names and shapes of inputs, names of outputs. All else is kept as
/// it stood. Weights beside the file are not read before somebody asks. Source: onnx.proto, ModelProto and GraphProto.
/// </summary>
public sealed class GraphModel
{
    const int GraphField = 7, MetadataField = 14;
    const int NodeField = 1, ConstantField = 5, InputField = 11, OutputField = 12, ShapeField = 13;

    readonly List<byte[]> _model = [];
    readonly List<byte[]> _graph = [];
    int _names;

    /// <summary>Where the files of weights lie.</summary>
    public required string Folder { get; init; }

    /// <summary>In an order in which each comes after those that it takes from.</summary>
    public List<GraphNode> Nodes { get; private set; } = [];

    public Dictionary<string, GraphTensor> Constants { get; } = [];

    /// <summary>Inputs with every axis fixed.</summary>
    public Dictionary<string, int[]> InputShapes { get; } = [];

    public HashSet<string> Outputs { get; } = [];

    /// <exception cref="InvalidDataException">The file is no model.</exception>
    public static GraphModel Read(string path) => Read(File.ReadAllBytes(path), Path.GetDirectoryName(path)!);

    /// <exception cref="InvalidDataException">The bytes are no model.</exception>
    public static GraphModel Read(ReadOnlySpan<byte> message, string folder)
    {
        var model = new GraphModel { Folder = folder };
        foreach (ProtobufField field in new ProtobufFields(message))
        {
            if (field.Number == GraphField)
            {
                model.ReadGraph(field.Content);
            }
            else
            {
                model._model.Add(field.Raw.ToArray());
            }
        }

        return model;
    }

    void ReadGraph(ReadOnlySpan<byte> graph)
    {
        foreach (ProtobufField field in new ProtobufFields(graph))
        {
            switch (field.Number)
            {
                case NodeField:
                    ReadNode(GraphNode.Read(field.Content));
                    break;
                case ConstantField:
                    var tensor = new GraphTensor(field.Content);
                    Constants[tensor.Name] = tensor;
                    break;
                case ShapeField: // What the inner values look like may change.
                    break;
                default:
                    ReadValue(field);
                    _graph.Add(field.Raw.ToArray());
                    break;
            }
        }
    }

    /// <summary>A constant that an operator gives is one as any other.</summary>
    void ReadNode(GraphNode node)
    {
        if (node.Is("Constant") && node.Tensor("value", node.Output) is { } constant)
        {
            Constants[node.Output] = constant;
        }
        else
        {
            Nodes.Add(node);
        }
    }

    void ReadValue(ProtobufField field)
    {
        if (field.Number is InputField or OutputField)
        {
            GraphValue value = GraphValue.Read(field.Content);
            if (field.Number == OutputField)
            {
                Outputs.Add(value.Name);
            }
            else if (value.Shape is not null)
            {
                InputShapes[value.Name] = value.Shape;
            }
        }
    }

    /// <summary>Lets an axis of an input be of any size. False where there is no such input with a shape.</summary>
    public bool TryFreeAxis(string input, int axis, string name)
    {
        for (int i = 0; i < _graph.Count; i++)
        {
            var fields = new ProtobufFields(_graph[i]);
            if (fields.MoveNext() && fields.Current is { Number: InputField } field
                && GraphValue.Read(field.Content) is { Shape: not null, Type: > 0 } value && value.Name == input)
            {
                _graph[i] = new ProtobufWriter().Message(InputField, (value with { Free = (axis, name) }).ToMessage()).ToArray();
                InputShapes.Remove(input);
                return true;
            }
        }

        return false;
    }

    /// <summary>Hands out a value as well; ONNX Runtime finds out its type by itself.</summary>
    public void AddOutput(string value)
    {
        if (Outputs.Add(value))
        {
            _graph.Add(new ProtobufWriter().Message(OutputField, new ProtobufWriter().Text(1, value)).ToArray());
        }
    }

    /// <summary>Writes beside the graph what ONNX Runtime hands on to who loads the model.</summary>
    public void SetMetadata(string key, string value) => _model.Add(new ProtobufWriter().Entry(MetadataField, key, value).ToArray());

    /// <summary>A name that no value and no operator has.</summary>
    public string NewName(string what)
    {
        string name;
        do
        {
            name = $"immich_ml/{what}_{_names++}";
        }
        while (Constants.ContainsKey(name) || Nodes.Exists(node => node.Name == name || node.Outputs.Contains(name)));
        return name;
    }

    public string Add(GraphTensor constant)
    {
        Constants[constant.Name] = constant;
        return constant.Name;
    }

    /// <summary>The whole numbers of a constant; null where the value is none.</summary>
    public long[]? IntegersOf(string value) => Constants.TryGetValue(value, out GraphTensor? constant) ? constant.ToIntegers() : null;

    /// <summary>The floats of a constant that lies in the graph; null where the value is none.</summary>
    public float[]? FloatsOf(string value) =>
        Constants.TryGetValue(value, out GraphTensor? constant) && !constant.IsExternal ? constant.ToFloats(Folder) : null;

    /// <summary>Who takes a value, each once.</summary>
    public List<GraphNode> TakersOf(string value) => Nodes.FindAll(node => node.Inputs.Contains(value));

    /// <summary>The one operator that takes a value which is nobody else's, the caller's neither.</summary>
    public GraphNode? OnlyTakerOf(string value) => !Outputs.Contains(value) && TakersOf(value) is [var taker] ? taker : null;

    /// <summary>Who makes a value.</summary>
    public Dictionary<string, GraphNode> Producers() => Nodes.SelectMany(node => node.Outputs.Select(output => (output, node)))
        .Where(made => made.output.Length > 0).ToDictionary(made => made.output, made => made.node);

    /// <summary>Who takes a value, once for each time.</summary>
    public ILookup<string, GraphNode> Consumers() => Nodes.SelectMany(node => node.Inputs.Select(input => (input, node)))
        .ToLookup(taken => taken.input, taken => taken.node);

    /// <summary>Operators and constants that no output depends on go, and the rest is put in order.</summary>
    public void Tidy()
    {
        Dictionary<string, GraphNode> producers = Producers();
        var order = new List<GraphNode>();
        var seen = new HashSet<GraphNode>();
        foreach (string output in Outputs)
        {
            Visit(output);
        }

        Nodes = order;
        var used = order.SelectMany(node => node.Inputs).Concat(Outputs).ToHashSet();
        foreach (string unused in Constants.Keys.Where(name => !used.Contains(name)).ToArray())
        {
            Constants.Remove(unused);
        }

        void Visit(string value)
        {
            var open = new Stack<(GraphNode Node, int Next)>();
            Open(value);
            while (open.TryPop(out (GraphNode Node, int Next) top))
            {
                if (top.Next == top.Node.Inputs.Count)
                {
                    order.Add(top.Node);
                    continue;
                }

                open.Push((top.Node, top.Next + 1));
                Open(top.Node.Inputs[top.Next]);
            }

            void Open(string input)
            {
                if (producers.TryGetValue(input, out GraphNode? node) && seen.Add(node))
                {
                    open.Push((node, 0));
                }
            }
        }
    }

    public const string Microsoft = "com.microsoft";

    /// <summary>The model's bytes. What ONNX Runtime saved names its own domain already.</summary>
    public byte[] ToBytes()
    {
        var graph = new ProtobufWriter();
        Nodes.ForEach(node => graph.Message(NodeField, node.ToMessage()));
        foreach (GraphTensor constant in Constants.Values)
        {
            graph.Bytes(ConstantField, constant.ToBytes());
        }

        _graph.ForEach(field => graph.Raw(field));
        var model = new ProtobufWriter();
        _model.ForEach(field => model.Raw(field));
        return model.Message(GraphField, graph).ToArray();
    }
}
