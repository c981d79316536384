using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace GpuCnn.Engine.Sets;

/// <summary>A setting of a type, declared by one of its properties. Lists hold ascending integers.</summary>
public sealed class Setting
{
    private readonly PropertyInfo _property;
    private readonly SettingAttribute _attribute;
    private readonly ISettingValue? _own;

    internal Setting(PropertyInfo property, SettingAttribute attribute)
    {
        _property = property;
        _attribute = attribute;
        Name = attribute.Name ?? Dashed(property.Name);
        ValueType = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (ValueType.IsAssignableTo(typeof(ISettingValue))) _own = (ISettingValue)Activator.CreateInstance(ValueType)!;
        MayBeNull = Nullable.GetUnderlyingType(property.PropertyType) is not null;
    }

    /// <summary>"weight-decay"</summary>
    public string Name { get; }

    /// <summary>"weight decay": the property's name in words.</summary>
    public string Words => Dashed(_property.Name).Replace('-', ' ');

    /// <summary>"WeightDecay"</summary>
    public string PropertyName => _property.Name;

    /// <summary>
    /// Float, double, int, long, ulong, bool, an enum whose values have names for files, a list of int, or an <see cref="ISettingValue"/>;
    /// never nullable.
    /// </summary>
    public Type ValueType { get; }

    /// <summary>"weight decay 0.1", or the words that the attribute has for a switch.</summary>
    internal string Describe(object owner) => Get(owner) switch
    {
        true when _attribute.WhenTrue is { } on => on,
        false when _attribute.WhenFalse is { } off => off,
        var value => $"{Words} {Format(value)}",
    };

    /// <summary>Whether null is allowed and means no value.</summary>
    public bool MayBeNull { get; }

    /// <summary>One line for help.</summary>
    public string Description => _attribute.Description;

    public bool IsRequired => _attribute.IsRequired;

    /// <summary>Whether the value is a list.</summary>
    public bool IsList => ValueType == typeof(IReadOnlyList<int>);

    /// <summary>Stands for a value in help; null for numbers, flags and lists.</summary>
    public string? Placeholder => ValueType.IsEnum ? string.Join('|', EnumNames.Of(ValueType)) : _own?.Placeholder;

    /// <summary>Accepted values in words: "a number from 0 to below 1".</summary>
    public string Range
    {
        get
        {
            if (_own is not null) return _own.Expected;
            if (ValueType.IsEnum) return EnumNames.Usage(ValueType);
            bool isWhole = IsList || ValueType != typeof(float) && ValueType != typeof(double);
            string what = IsList ? "ascending whole numbers" : isWhole ? "a whole number" : "a number";
            if (ValueType == typeof(bool)) return "true or false";
            (double above, double atLeast) = (_attribute.Above, _attribute.AtLeast);
            (double below, double atMost) = (_attribute.Below, _attribute.AtMost);
            string low = !double.IsNaN(above) ? $"above {Text(above)}" : !double.IsNaN(atLeast) ? $"from {Text(atLeast)}" : "";
            string high = !double.IsNaN(below) ? $"below {Text(below)}" : !double.IsNaN(atMost) ? Text(atMost) : "";
            if (high.Length > 0) return low.Length > 0 ? $"{what} {low} to {high}" : $"{what} up to {high}";
            if (!double.IsNaN(atLeast)) return $"{what} of {Text(atLeast)} or more";
            return low.Length > 0 ? $"{what} {low}" : what;
        }
    }

    public object? Get(object owner) => _property.GetValue(owner);

    /// <summary>Whether the setting has a value: not null, and no empty list.</summary>
    internal bool IsGiven(object owner) => Get(owner) switch
    {
        null => false,
        ICollection list => list.Count > 0,
        _ => true,
    };

    /// <summary>Checks a value in an init accessor: <c>init => field = Setting.Check(this, value)</c>.</summary>
    /// <exception cref="SettingException">The value is outside the range that the property's attribute declares.</exception>
    public static T Check<T>(object owner, T value, [CallerMemberName] string property = "")
    {
        Settings.Of(owner.GetType()).First(setting => setting.PropertyName == property).Check(Settings.NameOf(owner), value);
        return value;
    }

    /// <summary>Reads a value from text, as in options and files: "0.9", "true", "30,60".</summary>
    /// <exception cref="SettingException">The text is not a value, or the value is out of range.</exception>
    public object Parse(string owner, string text)
    {
        object? value = ParseOrNull(text);
        if (value is null || !IsInRange(value)) throw new SettingException(owner, Name, Words, Range, $"'{text}'");
        return value;
    }

    /// <summary>Returns a value as text that <see cref="Parse"/> reads; empty for null.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        Enum named => EnumNames.Of(named),
        IEnumerable<int> list => string.Join(',', list),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    internal void Check(string owner, object? value)
    {
        if (value is null ? !MayBeNull : !IsInRange(value))
            throw new SettingException(owner, Name, Words, Range, value is null ? "none" : Format(value));
    }

    /// <summary>Sets the value on an instance that nobody uses yet.</summary>
    internal void Set(object owner, object? value)
    {
        if (value is not null && !ValueType.IsInstanceOfType(value))
        {
            try
            {
                value = Convert.ChangeType(value, ValueType, CultureInfo.InvariantCulture);
            }
            catch (Exception exception) when (exception is InvalidCastException or FormatException or OverflowException)
            {
                throw new SettingException(Settings.NameOf(owner), Name, Words, Range, $"'{Format(value)}'");
            }
        }
        try
        {
            _property.SetValue(owner, value);
        }
        catch (TargetInvocationException exception) when (exception.InnerException is GpuCnnException inner)
        {
            throw inner;
        }
    }

    private object? ParseOrNull(string text)
    {
        if (_own is not null) return _own.Parse(text);
        if (ValueType.IsEnum) return EnumNames.Parse(ValueType, text);
        CultureInfo invariant = CultureInfo.InvariantCulture;
        if (ValueType == typeof(bool)) return bool.TryParse(text, out bool flag) ? flag : null;
        if (ValueType == typeof(float)) return float.TryParse(text, NumberStyles.Float, invariant, out float number) ? number : null;
        if (ValueType == typeof(double)) return double.TryParse(text, NumberStyles.Float, invariant, out double number) ? number : null;
        if (ValueType == typeof(int)) return int.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out int number) ? number : null;
        if (ValueType == typeof(long)) return long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out long number) ? number
            : null;
        if (ValueType == typeof(ulong)) return ulong.TryParse(text, NumberStyles.None, invariant, out ulong number) ? number : null;
        if (!IsList) throw new NotSupportedException($"A setting of {ValueType.Name} cannot be read from text.");
        var list = new List<int>();
        foreach (string part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.AllowLeadingSign, invariant, out int number)) return null;
            list.Add(number);
        }
        return list;
    }

    private bool IsInRange(object value) => value switch
    {
        bool or ISettingValue => true,
        Enum => Enum.IsDefined(ValueType, value),
        IReadOnlyList<int> list =>
            list.All(number => IsInRange((double)number)) && list.Zip(list.Skip(1)).All(pair => pair.First < pair.Second),
        _ => IsInRange(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
    };

    private bool IsInRange(double value) => double.IsFinite(value)
        && !(value < _attribute.AtLeast) && !(value <= _attribute.Above) && !(value > _attribute.AtMost) && !(value >= _attribute.Below);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Dashed(string name)
    {
        var dashed = new StringBuilder();
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && dashed.Length > 0) dashed.Append('-');
            dashed.Append(char.ToLowerInvariant(letter));
        }
        return dashed.ToString();
    }
}
