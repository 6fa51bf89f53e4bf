using System.Text.Json;

namespace ImmichMl.Inference.Tokenizers;

/// <summary>Values of a JSON element, with an error that says which one is wrong.</summary>
static class JsonParts
{
    public static JsonElement Child(this JsonElement parent, string name, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement child)
            ? child : throw new InvalidDataException($"{where}.{name} is missing.");

    public static string Text(this JsonElement parent, string name, string where) =>
        parent.Child(name, where) is { ValueKind: JsonValueKind.String } child
            ? child.GetString()! : throw new InvalidDataException($"{where}.{name} is not a string.");

    public static string? TextOrNull(this JsonElement parent, string name, string where) =>
        Has(parent, name) ? parent.Text(name, where) : null;

    public static bool Flag(this JsonElement parent, string name, string where, bool otherwise = false) => !Has(parent, name)
        ? otherwise
        : parent.Child(name, where).ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new InvalidDataException($"{where}.{name} is neither true nor false."),
        };

    public static int Number(this JsonElement value, string where) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
            ? number : throw new InvalidDataException($"{where} is not an id.");

    public static JsonElement.ArrayEnumerator List(this JsonElement parent, string name, string where) =>
        parent.Child(name, where) is { ValueKind: JsonValueKind.Array } child
            ? child.EnumerateArray() : throw new InvalidDataException($"{where}.{name} is not a list.");

    /// <summary>False for null as well.</summary>
    public static bool Has(this JsonElement parent, string name) => parent.ValueKind == JsonValueKind.Object
        && parent.TryGetProperty(name, out JsonElement child) && child.ValueKind != JsonValueKind.Null;

    public static TextPattern Pattern(this JsonElement parent, string where)
    {
        JsonElement pattern = parent.Child("pattern", where);
        return pattern.ValueKind == JsonValueKind.Object && pattern.TryGetProperty("Regex", out _)
            ? TextPattern.Expression(pattern.Text("Regex", $"{where}.pattern"))
            : TextPattern.Literal(pattern.Text("String", $"{where}.pattern"));
    }
}
