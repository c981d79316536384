namespace GpuCnn.Cli.Output;

/// <summary>Breaks text into lines for a terminal.</summary>
internal static class LineWrap
{
    /// <summary>Narrower than this, text is left as it is.</summary>
    private const int LeastWidth = 20;

    /// <summary>Breaks a text at spaces, and within words that are longer than a line. Addresses stay whole, to be followed.</summary>
    /// <param name="width">Characters of a line.</param>
    public static IReadOnlyList<string> Of(string text, int width)
    {
        if (width < LeastWidth || text.Length <= width) return [text];
        List<string> lines = [""];
        foreach (string word in text.Split(' ').SelectMany(word =>
            word.Length <= width || word.Contains("://") ? [word] : Pieces(word, width)))
        {
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > width) lines.Add("");
            lines[^1] += lines[^1].Length == 0 ? word : $" {word}";
        }
        return lines;
    }

    /// <summary>Characters of a line of an output; a file takes any.</summary>
    public static int WidthOf(TextWriter output) => output is PlainTextWriter plain ? plain.Width : int.MaxValue;

    /// <summary>
    /// Writes a text, broken to its output's width: with the indentation of its first line, and two spaces more after it.
    /// </summary>
    public static void Write(TextWriter output, string text)
    {
        int width = WidthOf(output);
        int indent = text.Length - text.TrimStart(' ').Length;
        string[] lines = [.. Of(text[indent..], width == int.MaxValue ? width : width - indent - 2)];
        output.WriteLine(new string(' ', indent) + lines[0]);
        foreach (string line in lines.Skip(1)) output.WriteLine(new string(' ', indent + 2) + line);
    }

    private static IEnumerable<string> Pieces(string word, int width) => word.Chunk(width).Select(piece => new string(piece));
}
