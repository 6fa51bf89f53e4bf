namespace ImmichMl.Graphs;

/// <summary>
/// What a graph says of an input or an output. Source: onnx.proto, ValueInfoProto: name 1, type 2 (tensor 1 (element type 1, shape 2 (dim 1
/// (value 1, or a name 2)))).
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The number of its element type; 0 where it is no tensor.</param>
/// <param name="Shape">Null where an axis is not fixed.</param>
public readonly record struct GraphValue(string Name, long Type, int[]? Shape)
{
    /// <summary>An axis that is of any size when it is written, and its name.</summary>
    public (int Axis, string Name)? Free { get; init; }

    public static GraphValue Read(ReadOnlySpan<byte> value)
    {
        string name = "";
        long type = 0;
        List<int>? shape = null;
        Read(value, 0);
        return new GraphValue(name, type, shape?.Contains(0) == false ? [.. shape] : null);

        void Read(ReadOnlySpan<byte> message, int depth)
        {
            foreach (ProtobufField field in new ProtobufFields(message))
            {
                switch (depth, field.Number)
                {
                    case (0, 1):
                        name = field.Text;
                        break;
                    case (0, 2) or (1, 1):
                        Read(field.Content, depth + 1);
                        break;
                    case (2, 1):
                        type = (long)field.Value;
                        break;
                    case (2, 2):
                        shape = [];
                        Read(field.Content, depth + 1);
                        break;
                    case (3, 1):
                        shape!.Add(0);
                        Read(field.Content, depth + 1);
                        break;
                    case (4, 1):
                        shape![^1] = checked((int)field.Value);
                        break;
                }
            }
        }
    }

    internal ProtobufWriter ToMessage()
    {
        var shape = new ProtobufWriter();
        for (int axis = 0; axis < Shape!.Length; axis++)
        {
            shape.Message(1, axis == Free?.Axis
                ? new ProtobufWriter().Text(2, Free.Value.Name) : new ProtobufWriter().Number(1, Shape[axis]));
        }

        ProtobufWriter tensor = new ProtobufWriter().Number(1, Type).Message(2, shape);
        return new ProtobufWriter().Text(1, Name).Message(2, new ProtobufWriter().Message(1, tensor));
    }
}
