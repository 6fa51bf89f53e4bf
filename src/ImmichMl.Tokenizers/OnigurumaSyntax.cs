namespace ImmichMl.Tokenizers;

/// <summary>Rewrites what .NET's expressions spell otherwise than Oniguruma's Ruby syntax: possessive quantifiers, \w, \h, (?m).</summary>
static class OnigurumaSyntax
{
    const string WordClass = @"\p{L}\p{M}\p{N}\p{Pc}";

    public static string Translate(string expression)
    {
        var result = new StringBuilder(expression.Length + 16);
        var groups = new Stack<int>();
        int atom = 0;
        int depth = 0;
        for (int i = 0; i < expression.Length; i++)
        {
            char c = expression[i];
            if (depth == 0 && c is not ('*' or '+' or '?' or '{' or ')'))
            {
                atom = result.Length;
            }

            switch (c)
            {
                case '\\' when i + 1 < expression.Length:
                    i = Escape(expression, i + 1, depth > 0, result);
                    continue;
                case '[':
                    depth++;
                    break;
                case ']' when depth > 0:
                    depth--;
                    if (depth == 0)
                    {
                        result.Append(c);
                        atom = OpeningBracket(result.ToString());
                        continue;
                    }

                    break;
                case '(' when depth == 0:
                    groups.Push(result.Length);
                    if (expression.AsSpan(i).StartsWith("(?m"))
                    {
                        result.Append("(?s");
                        i += 2;
                        continue;
                    }

                    break;
                case ')' when depth == 0 && groups.Count > 0:
                    atom = groups.Pop();
                    break;
                case '*' or '+' or '?' when depth == 0 && i > 0 && expression[i - 1] != '(':
                    if (i + 1 < expression.Length && expression[i + 1] == '+')
                    {
                        result.Append(c).Insert(atom, "(?>").Append(')');
                        i++;
                        continue;
                    }

                    break;
            }

            result.Append(c);
        }

        return result.ToString();
    }

    /// <summary>Where the class that has just been closed was opened.</summary>
    static int OpeningBracket(string text)
    {
        int depth = 0;
        for (int i = text.Length - 1; i >= 0; i--)
        {
            bool isEscaped = i > 0 && text[i - 1] == '\\';
            depth += isEscaped ? 0 : text[i] == ']' ? 1 : text[i] == '[' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return 0;
    }

    /// <returns>The index of the escape's last character.</returns>
    static int Escape(string expression, int at, bool inClass, StringBuilder result)
    {
        switch (expression[at])
        {
            case 'w':
                result.Append(inClass ? WordClass : $"[{WordClass}]");
                return at;
            case 'W' when !inClass:
                result.Append($"[^{WordClass}]");
                return at;
            case 'h':
                result.Append(inClass ? "0-9a-fA-F" : "[0-9a-fA-F]");
                return at;
            case 'x' when at + 1 < expression.Length && expression[at + 1] == '{':
                int close = expression.IndexOf('}', at);
                string hex = close < 0 ? "" : expression[(at + 2)..close];
                if (int.TryParse(hex, System.Globalization.NumberStyles.HexNumber, null, out int point) && point <= char.MaxValue)
                {
                    result.Append($"\\u{point:X4}");
                    return close;
                }

                throw new ArgumentException($"\\x{{{hex}}} in a regular expression is not understood.");
            case 'p' or 'P' when at + 2 < expression.Length && expression[at + 1] == '{' && expression.IndexOf('}', at) is var end and > 0:
                bool isNegated = expression[at + 2] == '^';
                result.Append('\\').Append(isNegated ? (char)(expression[at] ^ 0x20) : expression[at]).Append('{')
                    .Append(expression, at + (isNegated ? 3 : 2), end + 1 - at - (isNegated ? 3 : 2));
                return end;
            default:
                result.Append('\\').Append(expression[at]);
                return at;
        }
    }
}
