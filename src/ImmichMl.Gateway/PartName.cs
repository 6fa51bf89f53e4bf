namespace ImmichMl.Gateway;

/// <summary>
/// Reads <c>form-data; name="image"; filename="photo.jpg"</c>. Own code because callers write file names in ways that strict parsers
/// refuse, and a name that we do not use is no reason to.
/// </summary>
readonly record struct PartName(string Name, bool HasFileName)
{
    public static PartName Read(string? disposition)
    {
        string name = "";
        bool hasFileName = false;
        ReadOnlySpan<char> left = disposition;
        while (!left.IsEmpty)
        {
            int end = EndOfParameter(left);
            ReadOnlySpan<char> parameter = left[..end].Trim();
            left = end < left.Length ? left[(end + 1)..] : [];
            int equals = parameter.IndexOf('=');
            if (equals < 0)
            {
                continue;
            }

            ReadOnlySpan<char> key = parameter[..equals].TrimEnd();
            if (key.Equals("name", StringComparison.OrdinalIgnoreCase))
            {
                ReadOnlySpan<char> value = parameter[(equals + 1)..].Trim();
                name = (value.Length >= 2 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value).ToString();
            }

            hasFileName |= key.Equals("filename", StringComparison.OrdinalIgnoreCase)
                || key.Equals("filename*", StringComparison.OrdinalIgnoreCase);
        }

        return new PartName(name, hasFileName);
    }

    static int EndOfParameter(ReadOnlySpan<char> text)
    {
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case ';' when !quoted:
                    return i;
            }
        }

        return text.Length;
    }
}
