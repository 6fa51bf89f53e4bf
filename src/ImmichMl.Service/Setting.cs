using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace ImmichMl.Service;

/// <summary>
/// One setting of an options object: a property with <see cref="DisplayAttribute"/> (name, description, <see cref="Settings.Live"/> as its
/// group), and validation attributes. A property that holds a dictionary declares a family of settings: each key is a setting's name, and
/// each value its description and its text, to which the property's group and attributes apply.
/// </summary>
public sealed class Setting
{
    readonly Func<object?> _get;
    readonly Action<object?> _set;
    readonly string _description;
    readonly bool _isSecret;
    readonly ValidationAttribute[] _rules;

    Setting(string name, string description, Type type, PropertyInfo property, DisplayAttribute display, Func<object?> get,
        Action<object?> set)
    {
        (Name, _description, Type, _get, _set) = (name, description, type, get, set);
        IsLive = display.GroupName == Settings.Live;
        _isSecret = property.GetCustomAttribute<DataTypeAttribute>() is { DataType: DataType.Password };
        _rules = [.. property.GetCustomAttributes<ValidationAttribute>()];
    }

    /// <summary>As it stands in a file and in the environment.</summary>
    public string Name { get; }

    /// <summary>True where a change counts without a restart.</summary>
    public bool IsLive { get; }

    internal Type Type { get; }

    internal object? Value
    {
        get => _get();
        set => _set(value);
    }

    /// <summary>
    /// The settings that an options object declares, in order. Reflection keeps much alive for each: not to be held on to.
    /// </summary>
    public static IEnumerable<Setting> Of<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(T options)
    {
        foreach (PropertyInfo property in typeof(T).GetProperties())
        {
            if (property.GetCustomAttribute<DisplayAttribute>() is not { Name: { } name } display)
            {
                continue;
            }

            if (property.GetValue(options) is not IDictionary<string, (string Description, string Text)> family)
            {
                yield return new Setting(
                    name, display.Description ?? "", property.PropertyType, property, display,
                    () => property.GetValue(options), value => property.SetValue(options, value));
                continue;
            }

            foreach ((string key, (string description, _)) in family.ToArray())
            {
                yield return new Setting(
                    key, description, typeof(string), property, display,
                    () => family[key].Text, value => family[key] = (description, (string)value!));
            }
        }
    }

    /// <summary>Name, value in force and description. A secret's value is empty, so that what is printed can be read back.</summary>
    public (string Name, string Value, string Description) Describe() =>
        (Name, _isSecret ? "" : Value is bool flag ? flag ? "true" : "false"
        : Convert.ToString(Value, CultureInfo.InvariantCulture) ?? "", _description);

    /// <summary>Takes the other's value over where it differs and may change now.</summary>
    /// <returns>Null where both are the same; else whether it was taken over. If not, it counts from the next start on.</returns>
    public bool? TakeOver(Setting fresh)
    {
        if (Equals(Value, fresh.Value))
        {
            return null;
        }

        if (IsLive)
        {
            Value = fresh.Value;
        }

        return IsLive;
    }

    /// <exception cref="OperatorException">Its value is outside of what its attributes allow.</exception>
    internal void Check()
    {
        if (_rules.FirstOrDefault(rule => !rule.IsValid(Value)) is { } broken)
        {
            throw new OperatorException(broken.FormatErrorMessage(Name));
        }
    }
}
