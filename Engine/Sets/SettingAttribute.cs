namespace GpuCnn.Engine.Sets;

/// <summary>
/// Declares a property as a setting that options and files may give: a number, a flag, a named value of an enum, a list of numbers or an
/// <see cref="ISettingValue"/>. The property's init accessor checks the value with <see cref="Setting.Check"/>. A new instance holds the
/// default.
/// </summary>
/// <param name="description">One line for help: "Factor of each drop."</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute(string description) : Attribute
{
    public string Description => description;

    /// <summary>Name in lower case with dashes; by default derived from the property's, as weight-decay from WeightDecay.</summary>
    public string? Name { get; init; }

    /// <summary>Smallest value.</summary>
    public double AtLeast { get; init; } = double.NaN;

    /// <summary>Values are greater than this.</summary>
    public double Above { get; init; } = double.NaN;

    /// <summary>Largest value.</summary>
    public double AtMost { get; init; } = double.NaN;

    /// <summary>Values are less than this.</summary>
    public double Below { get; init; } = double.NaN;

    /// <summary>What a description says of a switch that is on, in place of its name: "Nesterov's form".</summary>
    public string? WhenTrue { get; init; }

    /// <summary>What a description says of a switch that is off and usually on: "none of biases and norms".</summary>
    public string? WhenFalse { get; init; }

    /// <summary>Whether the setting has no default and must be given before the instance is used.</summary>
    public bool IsRequired { get; init; }
}
