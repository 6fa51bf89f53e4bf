using System.Globalization;
using System.Text;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>POST /predict as bytes to send one after the other; the picture is not copied.</summary>
static class MultipartRequest
{
    // Long enough never to stand in a picture or a query by chance.
    const string Boundary = "immich-ml-bench-3f1b7c0d9e5a46828d1f";

    public static ReadOnlyMemory<byte>[] Encode(HttpUrl url, IReadOnlyList<string> headers, Call call)
    {
        string entries = Part("entries", "") + Entries(call.Endpoint.Tasks);
        byte[] before = Encoding.UTF8.GetBytes(call.Image is null
            ? entries + Part("text", "") + call.Text
            : entries + Part("image", "; filename=\"image\"\r\nContent-Type: application/octet-stream"));
        byte[] after = Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");
        long length = before.Length - 2 + (call.Image?.Length ?? 0) + after.Length;
        var head = new StringBuilder($"POST {url.Path} HTTP/1.1\r\nHost: {url.Authority}\r\nAccept: application/json\r\n");
        foreach (string header in headers)
        {
            head.Append(header).Append("\r\n");
        }

        head.Append("Content-Type: multipart/form-data; boundary=").Append(Boundary)
            .Append("\r\nContent-Length: ").Append(length.ToString(CultureInfo.InvariantCulture)).Append("\r\n");

        // The first part's own line break ends the headers.
        byte[] first = [.. Encoding.ASCII.GetBytes(head.ToString()), .. before];
        return call.Image is null ? [(byte[])[.. first, .. after]] : [first, call.Image, after];
    }

    static string Part(string name, string more) => $"\r\n--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n";

    /// <summary>Immich's <c>entries</c>. Options that were not given are left out; the object is always there, for servers that insist on it.</summary>
    static string Entries(IReadOnlyList<TaskEntry> tasks) => JsonText.Object(tasks.GroupBy(entry => entry.Task).Select(task => (task.Key,
        JsonText.Object(task.Select(entry => (entry.Type,
            JsonText.Object([("modelName", JsonText.Text(entry.ModelName)), ("options", JsonText.Object(Options(entry.Options)))])))))));

    static IEnumerable<(string, string)> Options(TaskOptions options)
    {
        if (options.MinScore is { } minScore)
        {
            yield return ("minScore", minScore.ToString("R", CultureInfo.InvariantCulture));
        }

        if (options.MaxResolution is { } maxResolution)
        {
            yield return ("maxResolution", JsonText.Number(maxResolution));
        }

        if (options.Language is { } language)
        {
            yield return ("language", JsonText.Text(language));
        }
    }
}
