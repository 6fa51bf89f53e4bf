using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ImmichMl.Protocol;

/// <summary>
/// A message's field table: the line of a key says how its value stands on the wire and where it stands in the record, and both reads
/// and writes. Written in the table's order, read in any; unknown keys are skipped, of a key that is repeated the last counts.
/// </summary>
sealed class MapCodec<T> : Codec<T>
{
    Field[] _fields = [];
    Field[] _optional = [];
    Func<T, string?>? _fault;

    /// <param name="blank">What is read starts from this: the values of keys that may be missing.</param>
    [SetsRequiredMembers]
    public MapCodec(T blank)
    {
        Read = (ref reader, what) => ReadFields(ref reader, blank, what);
        Write = (ref writer, value) =>
        {
            writer.WriteMapHeader(CountKeys(value));
            WriteFields(ref writer, value);
        };
    }

    /// <summary>A key that is always written. Where it is missing the blank's value stays, or the map is refused.</summary>
    /// <param name="key">The key on the wire, up to 31 letters.</param>
    /// <param name="codec">How its value is read and written.</param>
    /// <param name="get">Takes the value from the record.</param>
    /// <param name="with">Gives the record with the value changed.</param>
    /// <param name="needed">A map without the key is refused.</param>
    public MapCodec<T> Add<TValue>(
        string key, Codec<TValue> codec, Func<T, TValue> get, Func<T, TValue, T> with, bool needed = false) =>
        Add(new Field<TValue>(key, codec, get, with) { IsNeeded = needed });

    /// <summary>A key that is left out where <paramref name="get"/> gives null.</summary>
    /// <param name="key">As for <see cref="Add"/>, and so the rest.</param>
    /// <param name="codec">How a value is read and written.</param>
    /// <param name="get">Takes the value from the record.</param>
    /// <param name="with">Gives the record with the value changed.</param>
    /// <param name="orNil">Nil on the wire counts as a key left out; otherwise it is a value of the wrong kind.</param>
    public MapCodec<T> Maybe<TValue>(
        string key, Codec<TValue> codec, Func<T, TValue?> get, Func<T, TValue, T> with, bool orNil = false)
        where TValue : class =>
        Add(new Field<TValue>(key, codec, get!, with) { IsOptional = true, SkipsNil = orNil });

    public MapCodec<T> Maybe<TValue>(
        string key, Codec<TValue> codec, Func<T, TValue?> get, Func<T, TValue, T> with, bool orNil = false)
        where TValue : struct
    {
        Codec<TValue?> present = Codecs.Of<TValue?>(
            (ref reader, what) => codec.Read(ref reader, what), (ref writer, value) => codec.Write(ref writer, value!.Value));
        Func<T, TValue?, T> withPresent = (record, value) => with(record, value!.Value);
        return Add(new Field<TValue?>(key, present, get, withPresent) { IsOptional = true, SkipsNil = orNil });
    }

    /// <summary>Looks at all that was read; <paramref name="fault"/> says why it is refused, or gives null.</summary>
    public MapCodec<T> Check(Func<T, string?> fault)
    {
        _fault = fault;
        return this;
    }

    MapCodec<T> Add(Field field)
    {
        _fields = [.. _fields, field];
        _optional = Array.FindAll(_fields, one => one.IsOptional);
        return this;
    }

    /// <summary>Reads a map into <paramref name="value"/>.</summary>
    public T ReadFields(ref MessagePackReader reader, T value, string what)
    {
        Span<byte> key = stackalloc byte[WireReading.MaxKeyBytes];
        uint read = 0;
        for (int left = reader.ReadMap(what); left > 0; left--)
        {
            int found = Find(key[..reader.ReadKey(key)]);
            if (found < 0 || (_fields[found].SkipsNil && reader.IsNil))
            {
                reader.Skip();
                continue;
            }

            value = _fields[found].Read(ref reader, value);
            read |= 1u << found;
        }

        for (int i = 0; i < _fields.Length; i++)
        {
            if (_fields[i].IsNeeded && (read & (1u << i)) == 0)
            {
                throw ProtocolException.Invalid($"{_fields[i].Key} is missing.");
            }
        }

        return _fault?.Invoke(value) is { } fault ? throw ProtocolException.Invalid(fault) : value;
    }

    int Find(ReadOnlySpan<byte> key)
    {
        for (int i = 0; i < _fields.Length; i++)
        {
            if (key.SequenceEqual(_fields[i].Encoded.AsSpan(1)))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>How many keys <see cref="WriteFields"/> writes.</summary>
    public int CountKeys(T value)
    {
        int keys = _fields.Length;
        foreach (Field field in _optional)
        {
            keys -= field.IsPresent(value) ? 0 : 1;
        }

        return keys;
    }

    /// <summary>Writes keys and values without a header, for a map that holds others too.</summary>
    public void WriteFields(ref MessagePackWriter writer, T value)
    {
        foreach (Field field in _fields)
        {
            field.Write(ref writer, value);
        }
    }

    abstract class Field(string key)
    {
        public string Key => key;

        /// <summary>The key as it stands on the wire: a byte that holds its length, then its letters.</summary>
        public byte[] Encoded { get; } = [(byte)(MessagePackCode.MinFixStr + key.Length), .. Encoding.ASCII.GetBytes(key)];

        public bool IsNeeded { get; init; }

        public bool IsOptional { get; init; }

        public bool SkipsNil { get; init; }

        public abstract bool IsPresent(T value);

        public abstract T Read(ref MessagePackReader reader, T value);

        public abstract void Write(ref MessagePackWriter writer, T value);
    }

    sealed class Field<TValue>(string key, Codec<TValue> codec, Func<T, TValue> get, Func<T, TValue, T> with) : Field(key)
    {
        public override bool IsPresent(T value) => get(value) is not null;

        public override T Read(ref MessagePackReader reader, T value) => with(value, codec.Read(ref reader, Key));

        public override void Write(ref MessagePackWriter writer, T value)
        {
            TValue written = get(value);
            if (!IsOptional || written is not null)
            {
                writer.WriteRaw(Encoded);
                codec.Write(ref writer, written);
            }
        }
    }
}
