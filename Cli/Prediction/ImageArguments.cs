using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn.Cli.Prediction;

/// <summary>The files that the images of a command line stand for: files, folders, patterns, and names on standard input.</summary>
/// <param name="Files">Asked for as they are read; those on standard input are waited for.</param>
/// <param name="Count">How many there are; null if standard input names some.</param>
internal sealed record ImageArguments(IEnumerable<string> Files, int? Count)
{
    /// <summary>Stands for names on standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>Looks at the folders and resolves the patterns.</summary>
    /// <param name="arguments">Paths, patterns and <see cref="StandardInput"/>.</param>
    /// <param name="separator">Ends each name on standard input; a line feed may follow a carriage return.</param>
    /// <param name="missing">Gets each folder without images and each pattern that matches nothing.</param>
    public static ImageArguments Read(
        IReadOnlyList<string> arguments, TextReader input, char separator, Action<string, GpuCnnException> missing)
    {
        List<IEnumerable<string>> parts = [];
        int? count = 0;
        foreach (string argument in arguments)
        {
            if (argument == StandardInput)
            {
                parts.Add(Names(input, separator));
                count = null;
                continue;
            }
            IReadOnlyList<string> files = Resolve(argument, missing);
            parts.Add(files);
            count += files.Count;
        }
        return new(parts.SelectMany(part => part), count);
    }

    private static IReadOnlyList<string> Resolve(string argument, Action<string, GpuCnnException> missing)
    {
        try
        {
            if (!FilePattern.Is(argument)) return Directory.Exists(argument) ? ImageFiles.Of(argument) : [argument];
            IReadOnlyList<string> matches = FilePattern.Find(argument);
            if (matches.Count > 0) return [.. matches.SelectMany(match => Directory.Exists(match) ? Resolve(match, missing) : [match])];
            throw new GpuCnnException($"{DataFile.Quote(argument)} matches no file; check the pattern.");
        }
        catch (GpuCnnException exception)
        {
            missing(argument, exception);
            return [];
        }
    }

    private static IEnumerable<string> Names(TextReader input, char separator)
    {
        System.Text.StringBuilder name = new();
        for (int next = input.Read(); next >= 0 || name.Length > 0; next = input.Read())
        {
            if (next >= 0 && next != separator)
            {
                name.Append((char)next);
                continue;
            }
            string text = separator == '\n' ? name.ToString().TrimEnd('\r') : name.ToString();
            name.Clear();
            if (text.Length > 0) yield return text;
        }
    }
}
