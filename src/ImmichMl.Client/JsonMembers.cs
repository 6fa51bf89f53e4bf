using System.Text.Json;

namespace ImmichMl.Client;

static class JsonMembers
{
    /// <summary>The members of an object; of two of a name the last counts, as for Python.</summary>
    /// <exception cref="InvalidOperationException">It is no object, or a name is no text.</exception>
    public static IEnumerable<JsonProperty> LastMembers(this JsonElement element) =>
        element.EnumerateObject().GroupBy(member => member.Name, StringComparer.Ordinal).Select(named => named.Last());
}
