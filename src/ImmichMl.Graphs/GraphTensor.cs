using System.Globalization;
using System.Runtime.InteropServices;

namespace ImmichMl.Graphs;

/// <summary>A constant of a graph; its values lie in the graph or in a file beside it. Source: onnx.proto, TensorProto.</summary>
public sealed class GraphTensor
{
    const int DimsField = 1, TypeField = 2, FloatField = 4, Int32Field = 5, Int64Field = 7, NameField = 8, RawField = 9;
    const int ExternalField = 13, LocationField = 14;
    const int FloatType = 1, Int32Type = 6, Int64Type = 7;

    readonly byte[] _message;
    readonly int _type;
    readonly byte[]? _raw;
    readonly List<long> _integers = [];
    readonly List<float> _floats = [];
    readonly Dictionary<string, string> _external = [];

    public string Name { get; } = "";

    public int[] Dimensions { get; }

    public bool IsFloat => _type == FloatType;

    /// <summary>Its values lie in another file.</summary>
    public bool IsExternal => _external.Count > 0;

    public GraphTensor(ReadOnlySpan<byte> message)
    {
        _message = message.ToArray();
        var dimensions = new List<int>();
        foreach (ProtobufField field in new ProtobufFields(message))
        {
            switch (field.Number)
            {
                case DimsField:
                    dimensions.AddRange(field.Numbers.Select(number => checked((int)number)));
                    break;
                case TypeField:
                    _type = (int)field.Value;
                    break;
                case FloatField:
                    _floats.AddRange(MemoryMarshal.Cast<byte, float>(field.Content));
                    break;
                case Int32Field or Int64Field:
                    _integers.AddRange(field.Numbers);
                    break;
                case NameField:
                    Name = field.Text;
                    break;
                case RawField:
                    _raw = field.Content.ToArray();
                    break;
                case ExternalField:
                    (string key, string value) = field.Entry;
                    _external[key] = value;
                    break;
            }
        }

        Dimensions = [.. dimensions];
    }

    /// <summary>A tensor that had no name, or another.</summary>
    public static GraphTensor Named(ReadOnlySpan<byte> message, string name) =>
        new(new ProtobufWriter().Raw(message).Text(NameField, name).Written);

    public static GraphTensor Floats(string name, ReadOnlySpan<int> dimensions, ReadOnlySpan<float> values) =>
        new(Head(name, FloatType, dimensions).Bytes(RawField, MemoryMarshal.AsBytes(values)).Written);

    public static GraphTensor Scalar(string name, long value) => Integers(name, [value], []);

    public static GraphTensor Integers(string name, params ReadOnlySpan<long> values) => Integers(name, values, [values.Length]);

    static GraphTensor Integers(string name, ReadOnlySpan<long> values, ReadOnlySpan<int> dimensions) =>
        new(Head(name, Int64Type, dimensions).Bytes(RawField, MemoryMarshal.AsBytes(values)).Written);

    static ProtobufWriter Head(string name, int type, ReadOnlySpan<int> dimensions) =>
        new ProtobufWriter().Numbers(DimsField, dimensions).Number(TypeField, type).Text(NameField, name);

    /// <summary>Floats that lie in a file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dimensions">Its shape.</param>
    /// <param name="file">The file beside the graph.</param>
    /// <param name="offset">Where its floats begin there, in bytes.</param>
    public static GraphTensor External(string name, ReadOnlySpan<int> dimensions, string file, long offset) =>
        External(name, FloatType, dimensions, file, offset, sizeof(float) * GraphShapes.Count(dimensions));

    /// <summary>The same of any type, by onnx.proto's number for it; <paramref name="length"/> is in bytes.</summary>
    public static GraphTensor External(string name, int type, ReadOnlySpan<int> dimensions, string file, long offset, long length) =>
        new(Head(name, type, dimensions).Entry(ExternalField, "location", file)
            .Entry(ExternalField, "offset", offset.ToString(CultureInfo.InvariantCulture))
            .Entry(ExternalField, "length", length.ToString(CultureInfo.InvariantCulture)).Number(LocationField, 1).Written);

    /// <summary>Its whole numbers; null when it has others, or they lie in a file.</summary>
    public long[]? ToIntegers() => _type switch
    {
        Int64Type when _raw is not null => MemoryMarshal.Cast<byte, long>(_raw).ToArray(),
        Int32Type when _raw is not null => [.. MemoryMarshal.Cast<byte, int>(_raw).ToArray().Select(number => (long)number)],
        Int64Type or Int32Type when !IsExternal => [.. _integers],
        _ => null,
    };

    /// <summary>Its floats; null when it has others.</summary>
    /// <exception cref="InvalidDataException">The file beside the graph does not hold them.</exception>
    public float[]? ToFloats(string folder)
    {
        if (!IsFloat)
        {
            return null;
        }

        if (!IsExternal)
        {
            return _raw is null ? [.. _floats] : MemoryMarshal.Cast<byte, float>(_raw).ToArray();
        }

        return Read(folder, 0, Dimensions.Aggregate(1, (product, dimension) => checked(product * dimension)));
    }

    /// <summary>Some of its floats; null when it has others.</summary>
    /// <exception cref="InvalidDataException">The file beside the graph does not hold them.</exception>
    public float[]? ToFloats(string folder, long from, int count) => IsFloat && IsExternal
        ? Read(folder, from, count) : ToFloats(folder)?.AsSpan(checked((int)from), count).ToArray();

    float[] Read(string folder, long from, int count)
    {
        var values = new float[count];
        using FileStream file = File.OpenRead(Path.Combine(folder, _external["location"]));
        file.Position = long.Parse(_external.GetValueOrDefault("offset", "0"), CultureInfo.InvariantCulture) + (from * sizeof(float));
        file.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>The same with its values in the graph; itself where they are there already.</summary>
    /// <param name="folder">Of the graph.</param>
    /// <param name="most">Bytes of values.</param>
    /// <exception cref="InvalidDataException">There are more, or the file beside the graph does not hold them.</exception>
    public GraphTensor Inlined(string folder, long most)
    {
        if (!IsExternal)
        {
            return this;
        }

        var written = new ProtobufWriter();
        foreach (ProtobufField field in new ProtobufFields(_message))
        {
            if (field.Number is not (ExternalField or LocationField))
            {
                written.Raw(field.Raw);
            }
        }

        string location = _external.GetValueOrDefault("location", "");
        using FileStream file = location.Length > 0 && Path.GetFileName(location) == location
            ? File.OpenRead(Path.Combine(folder, location)) : throw new InvalidDataException("A weight lies outside of its folder.");
        long offset = long.Parse(_external.GetValueOrDefault("offset", "0"), CultureInfo.InvariantCulture);
        long length = long.Parse(_external.GetValueOrDefault("length", "0"), CultureInfo.InvariantCulture);
        if (offset < 0 || length < 0 || length > most || offset > file.Length - length)
        {
            throw new InvalidDataException("A weight lies outside of its file, or is too large.");
        }

        var values = new byte[length];
        file.Position = offset;
        file.ReadExactly(values);
        return new GraphTensor(written.Bytes(RawField, values).Written);
    }

    public byte[] ToBytes() => _message;
}
