using System.CommandLine;

namespace ImmichMl.Tests.Architecture;

/// <summary>The command tree as a man page and as completions for three shells.</summary>
static class CommandPages
{
    const string Program = "immich-ml";

    /// <summary>Words of the verbs that lead to a command, and the command.</summary>
    static IEnumerable<(string[] Path, Command Command)> Commands(Command command, params string[] path)
    {
        foreach (Command one in command.Subcommands.Where(one => !one.Hidden))
        {
            string[] own = [.. path, one.Name];
            yield return (own, one);
            foreach ((string[], Command) below in Commands(one, own))
            {
                yield return below;
            }
        }
    }

    static IEnumerable<Option> Options(Command command) =>
        command.Options.Where(option => !option.Hidden).OrderBy(option => option.Name, StringComparer.Ordinal);

    static string FirstSentence(string? text)
    {
        string line = (text ?? "").Split('\n')[0];
        int end = line.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? line : line[..end]).TrimEnd('.', ':');
    }

    static bool TakesValue(Option option) => option.ValueType != typeof(bool) && option.Name is not ("--help" or "--version");

    public static string Man(RootCommand root, string examples)
    {
        var page = new StringBuilder(
            ".TH IMMICH\\-ML 1 \"\" \"immich\\-ml\" \"User Commands\"\n.SH NAME\nimmich\\-ml \\- Immich's machine learning as a "
            + "native daemon\n");
        page.Append(".SH SYNOPSIS\n.B immich\\-ml\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n").Append(Paragraphs(root.Description))
            .Append(".SH COMMANDS\n");
        foreach ((string[] path, Command command) in Commands(root))
        {
            string arguments = string.Concat(command.Arguments.Select(argument =>
                $" \\fI{Escape(argument.HelpName ?? argument.Name)}\\fR"));
            page.Append($".SS \"\\fB{Escape(string.Join(' ', path))}\\fR{arguments}\"\n").Append(Paragraphs(command.Description));
            foreach (Argument argument in command.Arguments)
            {
                page.Append($".TP\n.I {Escape(argument.HelpName ?? argument.Name)}\n{Escape(argument.Description ?? "")}\n");
            }

            foreach (Option option in Options(command))
            {
                string value = TakesValue(option) ? $" \\fI{Escape(option.HelpName ?? "VALUE")}\\fR" : "";
                page.Append($".TP\n\\fB{Escape(option.Name)}\\fR{value}\n{Escape(option.Description ?? "")}\n");
            }
        }

        return page.Append(examples).ToString();
    }

    static string Paragraphs(string? text) =>
        string.Concat((text ?? "").Split('\n').Select(line => line.Length == 0 ? ".PP\n" : $"{Escape(line)}\n"));

    /// <summary>A line of roff may not begin with its control characters, and a minus that is to be copied is \-.</summary>
    static string Escape(string text)
    {
        string escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.Length > 0 && escaped[0] is '.' or '\'' ? "\\&" + escaped : escaped;
    }

    public static string Bash(RootCommand root)
    {
        var script = new StringBuilder(
            $"# bash completion for {Program}\n_immich_ml() {{\n    local current=${{COMP_WORDS[COMP_CWORD]}} "
                + "previous=${COMP_WORDS[COMP_CWORD-1]} verb= word\n");
        script.Append("    COMPREPLY=()\n    case $previous in\n        ")
            .Append(string.Join('|', ValueOptions(root).Except(FileOptions(root))));
        script.Append(") return ;;\n        ").Append(string.Join('|', FileOptions(root)))
            .Append(") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n    esac\n");
        script.Append("    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case \"$verb $word\" in\n");
        foreach ((string[] path, _) in Commands(root))
        {
            script.Append($"            '{string.Join(' ', ["", .. path])}') verb=' {string.Join(' ', path)}' ;;\n");
        }

        script.Append("        esac\n    done\n    local words=\n    case $verb in\n");
        foreach ((string[] path, Command command) in Commands(root).Prepend(([], root)))
        {
            string verb = path.Length == 0 ? "''" : $"' {string.Join(' ', path)}'";
            string files = command.Arguments.Any(IsFile) ? " COMPREPLY=($(compgen -f -- \"$current\"))" : "";
            script.Append($"        {verb}) words='{string.Join(' ', Words(command))}';{files} ;;\n");
        }

        return script
            .Append("    esac\n    COMPREPLY+=($(compgen -W \"$words\" -- \"$current\"))\n}\n")
            .Append("complete -o filenames -F _immich_ml immich-ml\n").ToString();
    }

    static IEnumerable<string> Words(Command command) =>
        [.. command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name), .. Options(command).Select(option => option.Name),
            "--help"];

    static IEnumerable<Option> AllOptions(RootCommand root) =>
        Commands(root).SelectMany(one => Options(one.Command)).DistinctBy(option => option.Name)
        .OrderBy(option => option.Name, StringComparer.Ordinal);

    static IEnumerable<string> ValueOptions(RootCommand root) => AllOptions(root).Where(TakesValue).Select(option => option.Name);

    static IEnumerable<string> FileOptions(RootCommand root) => AllOptions(root).Where(IsFile).Select(option => option.Name);

    static bool IsFile(Option option) => option.HelpName is "FILE" or "PATH" or "DIR";

    static bool IsFile(Argument argument) =>
        argument.HelpName is "FILE" or "PATH" or "DIR" or "SOURCE" || argument.Name is "FILE" or "SOURCE";

    public static string Fish(RootCommand root)
    {
        var script = new StringBuilder($"# fish completion for {Program}\ncomplete -c {Program} -f\n");
        foreach ((string[] path, Command command) in Commands(root).Prepend(([], root)))
        {
            string[] below = [.. command.Subcommands.Select(one => one.Name)];
            string seen = string.Join("; and ", path.Select(word => $"__fish_seen_subcommand_from {word}"));
            string none = below.Length > 0 ? $"not __fish_seen_subcommand_from {string.Join(' ', below)}" : "";
            string when = string.Join("; and ", new[] { seen, none }.Where(part => part.Length > 0));
            foreach (Command one in command.Subcommands.Where(one => !one.Hidden))
            {
                script.Append($"complete -c {Program} -n '{when}' -a {one.Name} -d {Quote(FirstSentence(one.Description))}\n");
            }

            foreach (Option option in Options(command).Where(option => option.Name.StartsWith("--", StringComparison.Ordinal)))
            {
                string value = !TakesValue(option) ? "" : IsFile(option) ? " -r -F" : " -x";
                script.Append(
                    $"complete -c {Program} -n '{when}' -l {option.Name[2..]}{value} -d {Quote(FirstSentence(option.Description))}\n");
            }

            if (command.Arguments.Any(IsFile))
            {
                script.Append($"complete -c {Program} -n '{when}' -F\n");
            }
        }

        return script.ToString();
    }

    static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    public static string Zsh(RootCommand root)
    {
        var script = new StringBuilder($"#compdef {Program}\n");
        Function(script, "_immich_ml", root);
        foreach ((string[] path, Command command) in Commands(root))
        {
            Function(script, $"_immich_ml_{string.Join('_', path)}", command);
        }

        return script.Append("_immich_ml \"$@\"\n").ToString();
    }

    static void Function(StringBuilder script, string name, Command command)
    {
        script.Append($"{name}() {{\n");
        Command[] below = [.. command.Subcommands.Where(one => !one.Hidden)];
        if (below.Length > 0)
        {
            script.Append("    local -a verbs=(\n");
            foreach (Command one in below)
            {
                script.Append(
                    $"        {ZshQuote($"{one.Name}:{FirstSentence(one.Description).Replace(":", "\\:", StringComparison.Ordinal)}")}\n");
            }

            script.Append("    )\n    local line state\n");
        }

        script.Append("    _arguments -C \\\n");
        foreach (Option option in Options(command).Where(option => option.Name.StartsWith("--", StringComparison.Ordinal)))
        {
            string text = FirstSentence(option.Description).Replace("[", "\\[", StringComparison.Ordinal)
                .Replace("]", "\\]", StringComparison.Ordinal);
            string value = !TakesValue(option) ? "" : $":{option.HelpName ?? "value"}:{(IsFile(option) ? "_files" : "")}";
            script.Append($"        {ZshQuote($"{option.Name}[{text}]{value}")} \\\n");
        }

        script.Append(below.Length > 0
            ? "        '1: :{_describe command verbs}' '*::argument:->rest'\n    if [[ $state == rest ]]; then\n        case $line[1] in\n"
            : command.Arguments.Any(IsFile) ? "        '*:file:_files'\n"
            : "        '*:argument:'\n");
        foreach (Command one in below)
        {
            script.Append($"            {one.Name}) {name}_{one.Name} ;;\n");
        }

        script.Append(below.Length > 0 ? "        esac\n    fi\n}\n" : "}\n");
    }

    static string ZshQuote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
