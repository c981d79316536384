using System.Globalization;
using System.Text;

namespace GpuCnn.Kernels.Language;

/// <summary>Collects the definitions that precede a kernel's text, spelled so that both dialects accept them.</summary>
public sealed class KernelConstants
{
    private readonly StringBuilder _text = new();

    /// <summary>Adds the value of a specialization constant.</summary>
    public void Add(string name, int value) => Define("SPEC_" + name, value);

    /// <inheritdoc cref="Add(string, int)"/>
    public void Add(string name, uint value) => Define("SPEC_" + name, value.ToString(CultureInfo.InvariantCulture) + "u");

    /// <inheritdoc cref="Add(string, int)"/>
    public void Add(string name, bool value) => Define("SPEC_" + name, value ? "true" : "false");

    /// <inheritdoc cref="Add(string, int)"/>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite, so C has no literal for it.</exception>
    public void Add(string name, float value)
    {
        if (!float.IsFinite(value))
            throw new ArgumentOutOfRangeException(
                nameof(value), value, $"The specialization constant '{name}' must be a finite number.");
        string text = value.ToString("G9", CultureInfo.InvariantCulture);
        if (!text.AsSpan().ContainsAny('.', 'E')) text += ".0";
        Define("SPEC_" + name, value < 0 ? $"({text}f)" : text + "f");
    }

    public override string ToString() => _text.ToString();

    internal void Define(string macro, int value)
    {
        // C has no literal for the smallest int, so it is written as a sum.
        string text = value == int.MinValue ? "(-2147483647 - 1)" : value.ToString(CultureInfo.InvariantCulture);
        Define(macro, value < 0 && value != int.MinValue ? $"({text})" : text);
    }

    private void Define(string macro, string value) => _text.Append("#define ").Append(macro).Append(' ').Append(value).Append('\n');
}
