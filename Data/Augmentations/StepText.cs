using System.Globalization;

namespace GpuCnn.Data;

/// <summary>One augmentation as it is written: a name, and arguments between parentheses, as in <c>crop(0.08-1)</c>.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Name">What stands before the parentheses.</param>
/// <param name="Arguments">Between commas; none where there are no parentheses.</param>
public sealed record StepText(string Text, string Name, IReadOnlyList<string> Arguments)
{
    /// <summary>Reads one; null where parentheses do not match.</summary>
    public static StepText? TryParse(string text)
    {
        int open = text.IndexOf('(');
        if (open < 0) return text.Contains(')') ? null : new StepText(text, text, []);
        if (text[^1] != ')' || text.AsSpan(open + 1, text.Length - open - 2).ContainsAny('(', ')')) return null;
        string inner = text[(open + 1)..^1];
        return new StepText(text, text[..open].TrimEnd(), [.. inner.Split(',').Select(part => part.Trim())]);
    }

    /// <summary>The parts of a list: what stands between commas that are in no parentheses.</summary>
    public static IEnumerable<string> Split(string list)
    {
        int depth = 0, start = 0;
        for (int i = 0; i < list.Length; i++)
        {
            depth += list[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (list[i] != ',' || depth > 0) continue;
            yield return list[start..i].Trim();
            start = i + 1;
        }
        yield return list[start..].Trim();
    }

    /// <summary>The arguments as numbers within bounds, <paramref name="defaults"/> for those that are not given.</summary>
    public bool TryNumbers(double minimum, double maximum, ReadOnlySpan<double> defaults, out double[] values)
    {
        values = defaults.ToArray();
        if (Arguments.Count > values.Length) return false;
        for (int i = 0; i < Arguments.Count; i++)
            if (!TryNumber(Arguments[i], minimum, maximum, out values[i])) return false;
        return true;
    }

    /// <summary>An argument of the form <c>low-high</c>, or one number that is both.</summary>
    public static bool TryRange(string text, double minimum, double maximum, out double low, out double high)
    {
        int dash = text.IndexOf('-', Math.Min(1, text.Length));
        high = 0;
        if (dash < 0)
        {
            bool isNumber = TryNumber(text, minimum, maximum, out low);
            high = low;
            return isNumber;
        }
        return TryNumber(text[..dash], minimum, maximum, out low) && TryNumber(text[(dash + 1)..], minimum, maximum, out high)
            && low <= high;
    }

    /// <summary>A number, so that it reads back the same.</summary>
    public static string Of(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A range as <see cref="TryRange"/> reads it.</summary>
    public static string Of(double low, double high) => low == high ? Of(low) : $"{Of(low)}-{Of(high)}";

    private static bool TryNumber(string text, double minimum, double maximum, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value >= minimum
            && value <= maximum;
}
