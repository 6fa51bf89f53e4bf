using System.Text.Json;

namespace ImmichMl.Inference.Sessions;

/// <summary>Whether an embedding may leave: as long as the model's are, finite, and of a picture not of zeros alone.</summary>
sealed class EmbeddingCheck
{
    /// <summary>Where nothing is known: a single number, normalized, is 1 or −1 whatever was seen.</summary>
    const int Shortest = 2;

    const long MaxConfigBytes = 16 << 20;

    readonly ModelKey _key;

    // 0 where it is not known.
    readonly int _length;

    EmbeddingCheck(ModelKey key, int length)
    {
        _key = key;
        _length = length;
    }

    /// <param name="key">The model.</param>
    /// <param name="session">The same, loaded.</param>
    /// <param name="configured">embed_dim of its configuration; 0 where that says nothing.</param>
    /// <exception cref="ModelException">Its graph and its configuration contradict one another, or it gives a single number.</exception>
    public static EmbeddingCheck For(ModelKey key, ModelSession session, int configured = 0)
    {
        int declared = LengthOf(session.Outputs[0].Dimensions);
        if (declared > 0 && configured > 0 && declared != configured)
        {
            throw key.Unusable($"cannot be used: its graph gives embeddings of {declared} numbers, "
                + $"and config.json says embed_dim {configured}.");
        }

        int length = Math.Max(declared, configured);
        return length is 0 or >= Shortest
            ? new EmbeddingCheck(key, length)
            : throw key.Unusable("cannot be used: its embedding is a single number.");
    }

    /// <summary>embed_dim of the config.json beside a tower's folder; 0 where there is none or none that can be read.</summary>
    public static int Configured(string folder)
    {
        try
        {
            using FileStream file = ModelFile.Open(Path.Combine(Path.GetDirectoryName(folder)!, "config.json"), MaxConfigBytes);
            using JsonDocument json = JsonDocument.Parse(file);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("embed_dim", out JsonElement said)
                && said.ValueKind == JsonValueKind.Number && said.TryGetInt32(out int length) ? Math.Max(0, length) : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            return 0;
        }
    }

    /// <summary>All that stands under one index of the first axis; 0 where the graph leaves some of it free.</summary>
    static int LengthOf(int[] dimensions)
    {
        long length = 1;
        foreach (int dimension in dimensions.Length > 1 ? dimensions.AsSpan(1) : dimensions)
        {
            length = Math.Min(int.MaxValue, length * Math.Max(0, dimension));
        }

        return dimensions.Length == 0 ? 0 : (int)length;
    }

    /// <summary>A copy of the first row: all that stands under index 0 of the first axis, where there is more than one axis.</summary>
    /// <exception cref="ModelException">It is of another length than is known.</exception>
    /// <exception cref="InferenceException">It is not finite.</exception>
    public float[] FirstRow(ReadOnlySpan<float> values, long[] dimensions)
    {
        ReadOnlySpan<float> row = dimensions is [> 1 and var rows, _, ..] ? values[..(int)(values.Length / rows)] : values;
        Check(row);
        return row.ToArray();
    }

    /// <summary>A row for each of so many inputs.</summary>
    /// <exception cref="ModelException">There are more or fewer, or they are of another length than is known.</exception>
    /// <exception cref="InferenceException">One is not finite.</exception>
    public float[][] Rows(ReadOnlySpan<float> values, long[] dimensions, int count)
    {
        if (count == 1)
        {
            return [FirstRow(values, dimensions)];
        }

        if (dimensions is not [var first, ..] || first != count)
        {
            throw _key.Unusable($"does not answer with a row for each of {count} inputs.");
        }

        var rows = new float[count][];
        int length = values.Length / count;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> row = values.Slice(i * length, length);
            Check(row);
            rows[i] = row.ToArray();
        }

        return rows;
    }

    /// <exception cref="ModelException">It is of another length than is known.</exception>
    /// <exception cref="InferenceException">It is not finite.</exception>
    public void Check(ReadOnlySpan<float> embedding)
    {
        if (_length > 0 ? embedding.Length != _length : embedding.Length < Shortest)
        {
            string belongs = _length > 0 ? $"{_length} belong" : "an embedding belongs";
            throw _key.Unusable($"answers with {embedding.Length} numbers where {belongs}.");
        }

        // NaN comes through as NaN. A text tower that knows words alone, such as the demo's, has zeros for a text of others.
        float largest = TensorPrimitives.MaxMagnitude(embedding);
        if (!float.IsFinite(largest) || (largest == 0 && _key.Kind != ModelKind.ClipTextual))
        {
            throw InferenceException.NotFinite(_key);
        }
    }
}
