using System.Collections.Concurrent;
using System.Reflection;

namespace GpuCnn.Engine.Sets;

/// <summary>Reads and copies the settings that types declare on their properties (<see cref="SettingAttribute"/>).</summary>
public static class Settings
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<Setting>> Known = new();

    /// <summary>Returns all settings of a type: its own first, then those of its base types.</summary>
    public static IReadOnlyList<Setting> Of(Type type) => Known.GetOrAdd(type, static type =>
    [
        .. Bases(type).SelectMany(part => part.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Select(property => (Property: property, Attribute: property.GetCustomAttribute<SettingAttribute>()))
            .Where(found => found.Attribute is not null).Select(found => new Setting(found.Property, found.Attribute!)),
    ]);

    /// <summary>Returns an instance's name for messages: its name in its set, else its type's name.</summary>
    public static string NameOf(object instance) => instance is INamed named ? named.Name : instance.GetType().Name;

    /// <summary>Returns all values of an instance by setting name.</summary>
    public static IReadOnlyDictionary<string, object?> Values(object instance) =>
        Of(instance.GetType()).ToDictionary(setting => setting.Name, setting => setting.Get(instance));

    /// <summary>
    /// Describes an instance in one phrase: "sgd, momentum 0.9, weight decay 0.0005". Omits settings that are off both by default and here.
    /// </summary>
    public static string Describe(object instance)
    {
        object fresh = Registry.Create(instance.GetType());
        var parts = new List<string> { NameOf(instance) };
        foreach (Setting setting in Of(instance.GetType()))
        {
            object? value = setting.Get(instance);
            string text = Setting.Format(value);
            bool isChanged = text != Setting.Format(setting.Get(fresh));
            if (isChanged || value is not bool && text is not ("" or "0")) parts.Add(setting.Describe(instance));
        }
        return string.Join(", ", parts);
    }

    /// <summary>Returns the settings whose values differ from the defaults of the instance's type.</summary>
    public static IReadOnlyList<Setting> Changed(object instance)
    {
        object fresh = Registry.Create(instance.GetType());
        return [.. Of(instance.GetType()).Where(setting => Setting.Format(setting.Get(instance)) != Setting.Format(setting.Get(fresh)))];
    }

    /// <summary>Creates a copy of an instance with new values for some settings.</summary>
    /// <param name="values">Values by setting name.</param>
    /// <exception cref="UnknownSettingException">The instance has no such setting.</exception>
    /// <exception cref="SettingException">A value is out of range.</exception>
    public static T With<T>(T instance, IReadOnlyDictionary<string, object?> values) where T : class
    {
        Type type = instance.GetType();
        IReadOnlyList<Setting> settings = Of(type);
        if (values.Keys.FirstOrDefault(name => !settings.Any(setting => setting.Name == name)) is { } unknown)
            throw new UnknownSettingException(NameOf(instance), unknown, [.. settings.Select(setting => setting.Name)]);
        if (values.Count == 0) return instance;
        object copy = Registry.Create(type);
        foreach (Setting setting in settings) setting.Set(copy, values.TryGetValue(setting.Name, out object? value) ? value
            : setting.Get(instance));
        return (T)copy;
    }

    /// <summary>Checks that every required setting has a value.</summary>
    /// <exception cref="SettingException">A required setting has no value.</exception>
    public static void CheckComplete(object instance)
    {
        if (Of(instance.GetType()).FirstOrDefault(setting => setting.IsRequired && !setting.IsGiven(instance)) is { } missing)
            throw new SettingException(NameOf(instance), missing.Name, missing.Words, missing.Range, "none");
    }

    private static IEnumerable<Type> Bases(Type type)
    {
        for (Type? part = type; part is not null; part = part.BaseType) yield return part;
    }
}
