using System.Reflection;

namespace ImmichMl.Gateway;

/// <summary>/openapi.json: what this face takes and answers, for programs that read such descriptions. A file, held against real answers in
/// CI: the generator that ASP.NET Core has would be larger than all that it describes.</summary>
static class OpenApi
{
    static readonly string s_description = Read();

    public static Task AnswerAsync(HttpContext context) => Reply.JsonAsync(context, s_description);

    static string Read()
    {
        using Stream file = Assembly.GetExecutingAssembly().GetManifestResourceStream("openapi.json")!;
        using var reader = new StreamReader(file, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
