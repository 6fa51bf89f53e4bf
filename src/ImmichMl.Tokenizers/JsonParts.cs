namespace ImmichMl.Tokenizers;

/// <summary>Values of a JSON element, with an error that says which one is wrong.</summary>
static class JsonParts
{
    public static JsonElement Child(this JsonElement parent, string name, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement child)
            ? child : throw new InvalidDataException($"{where}.{name} is missing.");

    public static string Text(this JsonElement parent, string name, string where) =>
        parent.Child(name, where) is { ValueKind: JsonValueKind.String } child
            ? Text(child, $"{where}.{name}") : throw new InvalidDataException($"{where}.{name} is not a string.");

    static string Text(JsonElement value, string where)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{where} is not well-formed text.", e); // Half a surrogate pair.
        }
    }

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

    /// <summary>A list of steps may hold lists of steps; real ones have a few, and fifty replacements at most.</summary>
    /// <exception cref="InvalidDataException">There are too many.</exception>
    public static void CheckSteps(this JsonElement part, string list, string where)
    {
        const int most = 256;
        int count = 0;
        void Count(JsonElement step)
        {
            if (++count > most)
            {
                throw new InvalidDataException($"{where} has more than {most} steps.");
            }

            if (step.Has(list) && step.GetProperty(list) is { ValueKind: JsonValueKind.Array } inner)
            {
                foreach (JsonElement each in inner.EnumerateArray())
                {
                    Count(each);
                }
            }
        }

        Count(part);
    }

    public static TextPattern Pattern(this JsonElement parent, string where)
    {
        JsonElement pattern = parent.Child("pattern", where);
        return pattern.ValueKind == JsonValueKind.Object && pattern.TryGetProperty("Regex", out _)
            ? Expression(pattern.Text("Regex", $"{where}.pattern"), where)
            : TextPattern.Literal(pattern.Text("String", $"{where}.pattern"));
    }

    static TextPattern Expression(string expression, string where)
    {
        try
        {
            return TextPattern.Expression(expression);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"{where}.pattern is not understood: {e.Message}", e);
        }
    }
}
