using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace ImmichMl.Service;

/// <summary>A setting or a path that the operator gave does not do; the message names it. Exit code 3.</summary>
public sealed class OperatorException(string message) : Exception(message);

/// <summary>
/// Where settings come from: defaults, then a file of NAME=value lines, then the environment, then the command line. A setting is
/// declared once, as a property of an options class with its name, description and range as attributes (<see cref="Setting"/>).
/// </summary>
public sealed class Settings
{
    /// <summary>The group of settings that take effect on reload too, not only at the start.</summary>
    public const string Live = "live";

    readonly Dictionary<string, string> _given = new(StringComparer.OrdinalIgnoreCase);
    readonly HashSet<string> _read = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Later values win.</summary>
    public Settings Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _given[name] = value;
        }

        return this;
    }

    /// <param name="except">
    /// Variables that repeat what stands in here count as not given: a service manager that read the same file put them there, and they
    /// would hide what has been changed in the file since.
    /// </param>
    public Settings AddEnvironment(Settings? except = null)
    {
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (except?._given.GetValueOrDefault((string)variable.Key) is not { } repeated || repeated != (string?)variable.Value)
            {
                Add((string)variable.Key, (string?)variable.Value);
            }
        }

        return this;
    }

    /// <summary>Reads a file in the form of systemd's EnvironmentFile: NAME=value, # comments, values may be quoted.</summary>
    public Settings AddFile(string path)
    {
        try
        {
            foreach (string line in File.ReadLines(path).Select(line => line.Trim())
                .Where(line => line.Length > 0 && line[0] is not ('#' or ';')))
            {
                int equals = line.IndexOf('=', StringComparison.Ordinal);
                string value = equals > 0 ? line[(equals + 1)..].Trim()
                    : throw new OperatorException($"{path}: '{line}' is not NAME=value.");
                Add(line[..equals].Trim(), value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The settings in {path} cannot be read: {e.Message}");
        }

        return this;
    }

    /// <summary>Names that look like ours, were given, and that no options have read.</summary>
    public IEnumerable<string> Unread =>
        _given.Keys.Where(name => name.StartsWith("MACHINE_LEARNING_", StringComparison.OrdinalIgnoreCase) && !_read.Contains(name))
        .Order();

    /// <summary>True where the setting behind this property was given, be it as its default.</summary>
    public bool Gives<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(string property) =>
        typeof(T).GetProperty(property)?.GetCustomAttribute<DisplayAttribute>()?.Name is { } name && _given.ContainsKey(name);

    /// <summary>New options with what was given for them.</summary>
    /// <exception cref="OperatorException">A value cannot be used; the message names its setting.</exception>
    public T Read<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>()
        where T : new()
    {
        var options = new T();
        foreach (Setting setting in Setting.Of(options))
        {
            _read.Add(setting.Name);
            if (_given.TryGetValue(setting.Name, out string? text))
            {
                setting.Value = Parse(setting.Name, text, setting.Type);
            }

            setting.Check();
        }

        return options;
    }

    /// <summary>Name, value in force and description of every setting of these options.</summary>
    public static IEnumerable<(string Name, string Value, string Description)> Describe<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(T options) =>
        Setting.Of(options).Select(setting => setting.Describe());

    /// <summary>
    /// Numbers as they are written everywhere but on paper: a point, and nothing between thousands, so that 1,5 is not 15.
    /// </summary>
    static object Parse(string name, string text, Type type)
    {
        string given = text.Trim();
        if (type == typeof(string))
        {
            return text;
        }

        if (type == typeof(bool))
        {
            return given.ToUpperInvariant() switch
            {
                "TRUE" or "T" or "1" or "YES" or "Y" or "ON" => true,
                "FALSE" or "F" or "0" or "NO" or "N" or "OFF" => false,
                _ => throw new OperatorException($"{name}={text} is not true or false."),
            };
        }

        if (type == typeof(double))
        {
            bool isNumber = double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
            return isNumber && double.IsFinite(number)
                ? number : throw new OperatorException(
                $"{name}={text} is not a number that fits, such as 1.5 or 300; a comma has no place in one.");
        }

        // 300.0 is a whole number, as the original takes it.
        string whole = given.TrimEnd('0') is { Length: > 1 } cut && cut[^1] == '.' && cut.Length < given.Length ? cut[..^1] : given;
        bool isWhole = long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value);
        return isWhole && type == typeof(long) ? (object)value
            : isWhole && type == typeof(int) && value is >= int.MinValue and <= int.MaxValue ? (int)value
            : throw new OperatorException(
            $"{name}={text} is not a whole number that fits, such as 300; neither comma nor blank has a place in one.");
    }
}
