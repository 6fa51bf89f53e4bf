using ImmichMl.Inference.Sessions;
using Microsoft.Win32.SafeHandles;

namespace ImmichMl.Inference.Clip;

/// <summary>
/// The token table of a text model that leaves the look-up to its caller: rows of its file, read as they are wanted. By reads and not by a
/// map: on a disk that fails, or a file cut meanwhile, a map ends the process.
/// </summary>
sealed class TokenTable : IDisposable
{
    /// <summary>Of the model's metadata: the name of the constant.</summary>
    public const string MetadataKey = "embedding";

    readonly ModelKey _key;
    readonly SafeFileHandle _file;
    readonly StoredTensor _tensor;
    readonly bool _isHalf;

    TokenTable(ModelKey key, SafeFileHandle file, StoredTensor tensor)
    {
        (_key, _file, _tensor, _isHalf) = (key, file, tensor, tensor.Type == StoredTensor.HalfType);
    }

    /// <summary>Numbers of a row.</summary>
    int Width => (int)_tensor.Dimensions[1];

    int RowBytes => Width * (_isHalf ? sizeof(ushort) : sizeof(float));

    /// <returns>Null for a model that looks up its tokens itself.</returns>
    /// <exception cref="ModelException">There is no such table, or it is not what the input takes.</exception>
    public static TokenTable? Of(ModelKey key, ModelSession session, string graph)
    {
        if (session.Inputs.FirstOrDefault(ModelFeed.IsTokenEmbeds) is not { Name: not null } input)
        {
            return null;
        }

        string name = session.Metadata.GetValueOrDefault(MetadataKey, "");
        try
        {
            StoredTensor tensor = StoredTensor.ReadAll(graph).FirstOrDefault(tensor => tensor.Name == name)
                ?? throw new InvalidDataException($"its graph has no token table '{name}'");
            return new TokenTable(key, Open(graph, tensor, input), tensor);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw ModelFile.FaultOf(key, graph, e);
        }
    }

    static SafeFileHandle Open(string graph, StoredTensor tensor, TensorInfo input)
    {
        bool fits = tensor.Dimensions is [> 0 and <= int.MaxValue, > 0 and <= ushort.MaxValue and var width]
            && input.Dimensions is [-1 or 1, _, var taken] && (taken < 0 || taken == width)
            && (tensor.Type, input.ElementType) is (StoredTensor.HalfType, TensorElementType.Float16)
                or (StoredTensor.SingleType, TensorElementType.Float);
        if (!fits || tensor.Offset < 0 || (tensor.Location is { } location && !CacheFiles.StaysBelow(location)))
        {
            throw new InvalidDataException($"its token table '{tensor.Name}' is not what its input {input.Name} takes");
        }

        string path = tensor.Location is { } file ? Path.Combine(Path.GetDirectoryName(graph)!, file) : graph;
        using FileStream checkedFile = ModelFile.Open(path);
        long size = tensor.Dimensions[0] * tensor.Dimensions[1] * (tensor.Type == StoredTensor.HalfType ? sizeof(ushort) : sizeof(float));
        return tensor.Offset <= checkedFile.Length - size
            ? File.OpenHandle(path)
            : throw new InvalidDataException($"its token table '{tensor.Name}' is cut");
    }

    /// <summary>The row of each token, one after the other: half or single precision, as the table is.</summary>
    /// <exception cref="ModelException">A token has no row, or the file cannot be read.</exception>
    public Array RowsOf(ReadOnlySpan<long> tokens)
    {
        var halves = new Float16[_isHalf ? tokens.Length * Width : 0];
        var floats = new float[_isHalf ? 0 : tokens.Length * Width];
        Span<byte> bytes = _isHalf ? MemoryMarshal.AsBytes(halves.AsSpan()) : MemoryMarshal.AsBytes(floats.AsSpan());
        for (int i = 0; i < tokens.Length; i++)
        {
            if (tokens[i] < 0 || tokens[i] >= _tensor.Dimensions[0])
            {
                throw _key.Unusable($"cannot be used: its token table has {_tensor.Dimensions[0]} rows and none for token {tokens[i]}.");
            }

            Read(bytes.Slice(i * RowBytes, RowBytes), _tensor.Offset + (tokens[i] * RowBytes));
        }

        return _isHalf ? halves : floats;
    }

    void Read(Span<byte> row, long offset)
    {
        try
        {
            if (RandomAccess.Read(_file, row, offset) != row.Length)
            {
                throw new InvalidDataException("its token table was cut");
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw ModelFile.FaultOf(_key, _tensor.Location ?? ModelStore.ModelFileName, e);
        }
    }

    public void Dispose() => _file.Dispose();
}
