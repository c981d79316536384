using System.CommandLine;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Cli.Training;

/// <summary>Settings as the command line spells them.</summary>
internal static class SettingText
{
    /// <summary>An option of a setting; a flag may stand alone.</summary>
    /// <param name="check">Throws a <see cref="UsageException"/> where a text is wrong.</param>
    public static Option<string?> Option(Setting setting, string description, Action<string> check)
    {
        string name = $"--{setting.Name}";
        if (setting.ValueType == typeof(bool)) return Options.Switch(name, description, check);
        bool isReal = setting.ValueType == typeof(float) || setting.ValueType == typeof(double);
        string placeholder = setting.Placeholder ?? (setting.IsList ? "A,B" : isReal ? "X" : "N");
        return Options.Text(name, placeholder, description, check);
    }

    /// <exception cref="UsageException">The text is no such value, or it is out of range.</exception>
    public static object Parse(Setting setting, string text)
    {
        try
        {
            return setting.Parse("", text);
        }
        catch (SettingException exception)
        {
            throw new UsageException($"--{setting.Name} expects {exception.Expected}{Example(setting)}, but got {exception.Got}.");
        }
    }

    /// <summary>How a list is written; nothing for a number.</summary>
    public static string Example(Setting setting) => setting.IsList ? ", as in 30,60,80" : "";

    /// <summary>The value, or null where the text is none.</summary>
    public static object? TryParse(Setting setting, string text)
    {
        try
        {
            return setting.Parse("", text);
        }
        catch (SettingException)
        {
            return null;
        }
    }
}
