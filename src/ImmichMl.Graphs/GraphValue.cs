using System.Buffers;

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
            for (int at = 0; at < message.Length;)
            {
                ProtobufField field = Protobuf.Next(message, ref at);
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

    public byte[] ToBytes()
    {
        ArrayBufferWriter<byte> shape = new(), tensor = new(), type = new(), value = new();
        for (int axis = 0; axis < Shape!.Length; axis++)
        {
            var dimension = new ArrayBufferWriter<byte>();
            if (axis == Free?.Axis)
            {
                Protobuf.WriteText(dimension, 2, Free.Value.Name);
            }
            else
            {
                Protobuf.WriteNumber(dimension, 1, Shape[axis]);
            }

            Protobuf.WriteBytes(shape, 1, dimension.WrittenSpan);
        }

        Protobuf.WriteNumber(tensor, 1, Type);
        Protobuf.WriteBytes(tensor, 2, shape.WrittenSpan);
        Protobuf.WriteBytes(type, 1, tensor.WrittenSpan);
        Protobuf.WriteText(value, 1, Name);
        Protobuf.WriteBytes(value, 2, type.WrittenSpan);
        return value.WrittenSpan.ToArray();
    }
}
