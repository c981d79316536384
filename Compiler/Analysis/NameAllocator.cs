using System.Globalization;
using System.Text;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Allocates names in the translated text. Types and functions begin with a capital letter and are unique. Variables never begin with one,
/// so neither hides the other.
/// </summary>
internal sealed class NameAllocator
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>A name for a type or a function.</summary>
    public string Unique(string wanted)
    {
        string name = Ascii(wanted);
        name = char.ToUpperInvariant(name[0]) + name.Substring(1);
        string unique = name;
        for (int i = 2; !_taken.Add(unique); i++) unique = name + "_" + i.ToString(CultureInfo.InvariantCulture);
        return unique;
    }

    /// <summary>The name of a variable or a parameter.</summary>
    public static string Variable(string name)
    {
        string ascii = Ascii(name);
        return char.IsUpper(ascii[0]) ? ascii + "_" : ascii;
    }

    /// <summary>The name, with letters that C does not allow replaced by their numbers.</summary>
    public static string Ascii(string name)
    {
        var text = new StringBuilder();
        foreach (char letter in name)
        {
            if (letter < 128) text.Append(letter);
            else text.Append('u').Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
