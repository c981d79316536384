namespace GpuCnn.Engine.Sets;

/// <summary>An open set has no member with a name.</summary>
public sealed class UnknownNameException(string what, string got, IReadOnlyList<string> known)
    : GpuCnnException($"There is no {what} '{got}'; expected one of {string.Join(", ", known)}.")
{
    /// <summary>Noun for a member of the set: "optimizer".</summary>
    public string What => what;

    public string Got => got;

    /// <summary>Names of all members.</summary>
    public IReadOnlyList<string> Known => known;
}

/// <summary>A value is not valid for a setting.</summary>
/// <param name="owner">Name of the setting's owner: "sgd".</param>
/// <param name="name">Name of the setting: "weight-decay".</param>
/// <param name="words">The name in words: "weight decay".</param>
/// <param name="expected">Range in words: "a number of 0 or more".</param>
/// <param name="got">The value as text.</param>
public sealed class SettingException(string owner, string name, string words, string expected, string got)
    : GpuCnnException($"{owner} expects {expected} as {words}, but got {got}.")
{
    public string Owner => owner;

    public string Name => name;

    public string Expected => expected;

    public string Got => got;
}

/// <summary>Settings of one member contradict each other.</summary>
/// <param name="names">Names of the settings.</param>
public sealed class SettingConflictException(string message, IReadOnlyList<string> names) : GpuCnnException(message)
{
    public IReadOnlyList<string> Names => names;
}

/// <summary>A type has no setting with a name.</summary>
public sealed class UnknownSettingException(string owner, string name, IReadOnlyList<string> known)
    : GpuCnnException($"{owner} has no setting '{name}'; it has {(known.Count == 0 ? "none" : string.Join(", ", known))}.")
{
    public string Owner => owner;

    public string Name => name;

    /// <summary>Names of all settings of the type.</summary>
    public IReadOnlyList<string> Known => known;
}
