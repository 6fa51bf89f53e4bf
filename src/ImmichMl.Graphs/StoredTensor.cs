using System.Globalization;

namespace ImmichMl.Graphs;

/// <summary>
/// A constant of a model file, told without its values: where they lie. Source: onnx.proto, TensorProto.
/// </summary>
/// <param name="Name">Of the constant.</param>
/// <param name="Type">TensorProto.DataType.</param>
/// <param name="Dimensions">Outermost first.</param>
/// <param name="Location">The file beside the graph that holds them; null: the graph does.</param>
/// <param name="Offset">Where they begin there, in bytes; -1 where the graph holds them one by one.</param>
/// <param name="Length">Bytes; -1 where nothing is said.</param>
public sealed record StoredTensor(string Name, int Type, long[] Dimensions, string? Location, long Offset, long Length)
{
    public const int SingleType = 1, HalfType = 10;

    /// <summary>Constants that a graph may have; the largest known has some thousands.</summary>
    const int Most = 100_000;

    const int MostDimensions = 64;
    const int MostEntries = 64;

    /// <summary>All constants of the main graph, read by a stream: weights are stepped over.</summary>
    /// <exception cref="InvalidDataException">There are more than any model has, or one says what cannot be.</exception>
    public static IReadOnlyList<StoredTensor> ReadAll(string path)
    {
        const int graphField = 7, constantField = 5;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 4096);
        var found = new List<StoredTensor>();
        FieldStream.ForEach(file, file.Length, (field, length) =>
        {
            if (field == graphField)
            {
                FieldStream.ForEach(file, file.Position + length, (inner, size) =>
                {
                    if (inner == constantField)
                    {
                        found.Add(found.Count < Most ? Read(file, size)
                            : throw new InvalidDataException($"the graph has over {Most} constants"));
                    }

                    return true;
                });
            }

            return true;
        });
        return found;
    }

    /// <param name="file">Stands at a TensorProto.</param>
    /// <param name="size">Its bytes.</param>
    internal static StoredTensor Read(FileStream file, long size)
    {
        const int dimsField = 1, typeField = 2, floatField = 4, nameField = 8, rawField = 9, externalField = 13;
        var dimensions = new List<long>();
        var entries = new Dictionary<string, string>();
        var told = new StoredTensor("", 0, [], null, -1, -1);
        FieldStream.ForEach(
            file, file.Position + size,
            (field, length) =>
            {
                switch (field)
                {
                    case dimsField:
                        dimensions.AddRange(FieldStream.Numbers(file, length, MostDimensions));
                        break;
                    case nameField:
                        told = told with { Name = FieldStream.Text(file, length) };
                        break;
                    case rawField or floatField: // Packed floats are the same bytes.
                        told = told with { Offset = file.Position, Length = length };
                        break;
                    case externalField when entries.Count < MostEntries:
                        (string key, string value) = FieldStream.Entry(file, length);
                        entries[key] = value;
                        break;
                }

                return true;
            },
            (field, number) =>
            {
                if (field == dimsField && dimensions.Count < MostDimensions)
                {
                    dimensions.Add((long)number);
                }

                told = field == typeField ? told with { Type = (int)Math.Min(number, int.MaxValue) } : told;
            });
        told = told with { Dimensions = [.. dimensions] };
        return entries.TryGetValue("location", out string? location)
            ? told with { Location = location, Offset = Number(entries, "offset", 0), Length = Number(entries, "length", -1) } : told;
    }

    static long Number(Dictionary<string, string> entries, string key, long absent) => !entries.TryGetValue(key, out string? text) ? absent
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw new InvalidDataException($"a weight's {key} is no number");
}
