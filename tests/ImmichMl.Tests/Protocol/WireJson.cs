namespace ImmichMl.Tests.Protocol;

/// <summary>JSON in the index's own forms for what JSON has no form for: bytes, and integers beyond 2^53 - 1.</summary>
sealed class WireJson
{
    readonly Utf8JsonWriter _json;

    WireJson(Utf8JsonWriter json) => _json = json;

    public static string Write(Action<WireJson> write)
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text);
        write(new WireJson(json));
        json.Flush();
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    public void WriteStartObject() => _json.WriteStartObject();

    public void WriteStartObject(string key) => _json.WriteStartObject(key);

    public void WriteEndObject() => _json.WriteEndObject();

    public void WriteString(string key, string value) => _json.WriteString(key, value);

    public void WriteNumber(string key, double value) => _json.WriteNumber(key, value);

    public void WriteBoolean(string key, bool value) => _json.WriteBoolean(key, value);

    public void WriteOptional(string key, string? value)
    {
        if (value is not null)
        {
            _json.WriteString(key, value);
        }
    }

    public void WriteOptional(string key, double? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(key, number);
        }
    }

    public void WriteUnsigned(string key, ulong value)
    {
        if (value <= (1UL << 53) - 1)
        {
            _json.WriteNumber(key, value);
            return;
        }

        _json.WriteStartObject(key);
        _json.WriteString("$uint64", value.ToString(CultureInfo.InvariantCulture));
        _json.WriteEndObject();
    }

    public void WriteBinary(string key, ReadOnlySpan<byte> bytes)
    {
        _json.WriteStartObject(key);
        _json.WriteBase64String("$base64", bytes);
        _json.WriteEndObject();
    }

    public void WriteEmbedding(string key, float[]? embedding)
    {
        if (embedding is not null)
        {
            WriteBinary(key, MemoryMarshal.AsBytes<float>(embedding));
        }
    }

    public void WriteModel(ModelAddress model)
    {
        _json.WriteString("task", model.Task);
        _json.WriteString("type", model.Type);
        _json.WriteString("modelName", model.ModelName);
    }

    public void WriteNumbers(string key, IEnumerable<double>? values) => WriteList(key, values, value => _json.WriteNumberValue(value));

    public void WriteNumbers(string key, float[]? values) => WriteNumbers(key, values?.Select(value => (double)value));

    public void WriteStrings(string key, IEnumerable<string>? values) => WriteList(key, values, value => _json.WriteStringValue(value));

    /// <summary>Nothing at all for null.</summary>
    public void WriteList<T>(string key, IEnumerable<T>? values, Action<T> write)
    {
        if (values is null)
        {
            return;
        }

        _json.WriteStartArray(key);
        foreach (T value in values)
        {
            write(value);
        }

        _json.WriteEndArray();
    }

    public void WriteObjects<T>(string key, IEnumerable<T>? values, Action<T> write) => WriteList(key, values, value =>
    {
        _json.WriteStartObject();
        write(value);
        _json.WriteEndObject();
    });
}
