using System.Buffers;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Ocr;

/// <summary>The classes of a text recognizer: the blank, the characters of the model's metadata or of a file beside it, a space.</summary>
static class CharacterList
{
    const string MetadataKey = "character";
    const long MaxFileBytes = 4 * 1024 * 1024;

    static readonly string[] s_fileNames = ["charset.txt", "dict.txt", "keys.txt"];

    // What Python's str.splitlines ends a line at.
    static readonly SearchValues<char> s_lineEnds = SearchValues.Create("\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029");

    /// <exception cref="ModelException">There are none, or not as many as the model has classes.</exception>
    public static IReadOnlyList<string> Read(ModelKey key, ModelSession session, string folder)
    {
        int classes = CtcHead.ClassesOf(session, Path.Combine(folder, ModelStore.ModelFileName));
        string? text = session.Metadata.GetValueOrDefault(MetadataKey) is { Length: > 0 } written ? written : ReadFile(key, folder);
        if (text is null)
        {
            throw key.Unusable($"has no characters: neither '{MetadataKey}' in its metadata nor charset.txt or dict.txt beside it.");
        }

        IReadOnlyList<string>[] readings =
            [Classes(SplitLikePython(text)), Classes(text.TrimEnd('\r', '\n').Split('\n').Select(line => line.TrimEnd('\r')))];
        return readings.FirstOrDefault(reading => classes <= 0 || reading.Count == classes)
            ?? throw key.Unusable($"has {classes} classes, but its list gives {readings[0].Count}.");
    }

    static IReadOnlyList<string> Classes(IEnumerable<string> characters) => ["", .. characters, " "];

    static List<string> SplitLikePython(string text)
    {
        var lines = new List<string>();
        int start = 0;
        while (start < text.Length)
        {
            int length = text.AsSpan(start).IndexOfAny(s_lineEnds);
            if (length < 0)
            {
                lines.Add(text[start..]);
                break;
            }

            lines.Add(text.Substring(start, length));
            start += length + (text.AsSpan(start + length).StartsWith("\r\n") ? 2 : 1);
        }

        return lines;
    }

    static string? ReadFile(ModelKey key, string folder)
    {
        try
        {
            string? path = s_fileNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
                ?? Directory.EnumerateFiles(folder, "*keys*.txt").Concat(Directory.EnumerateFiles(folder, "*dict*.txt"))
                    .Order(StringComparer.Ordinal).FirstOrDefault();
            if (path is null)
            {
                return null;
            }

            using var text = new StreamReader(ModelFile.Open(path, MaxFileBytes), Encoding.UTF8);
            return text.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw ModelFile.FaultOf(key, folder, e);
        }
    }
}
