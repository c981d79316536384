namespace GpuCnn.Cli.Output;

/// <summary>
/// A table of plain text: columns two spaces apart, without lines. It reads the same on a terminal, in a file and in grep. Where it is
/// wider than its output, the last columns go to lines of their own below each row, under headings that do the same.
/// </summary>
/// <param name="headings">One for each column; a leading '&gt;' aligns the column to the right.</param>
internal sealed class TextTable(params string[] headings)
{
    private const int Gap = 2;

    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells)
    {
        if (cells.Length != headings.Length) throw new ArgumentException($"A row of this table has {headings.Length} cells, "
            + $"but got {cells.Length}.", nameof(cells));
        // A name may hold line breaks, which a table cannot.
        _rows.Add([.. cells.Select(cell => cell.Replace("\r", "\\r").Replace("\n", "\\n"))]);
    }

    public void Write(TextWriter output)
    {
        int width = LineWrap.WidthOf(output);
        string[] titles = [.. headings.Select(heading => heading.TrimStart('>'))];
        int[] widths = [.. titles.Select((title, column) => _rows.Select(row => row[column].Length).Prepend(title.Length).Max())];
        int fitting = Fitting(widths, width);
        foreach (string[] row in _rows.Prepend(titles))
        {
            IEnumerable<string> cells = row.Take(fitting).Select((cell, column) => headings[column].StartsWith('>')
                ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            foreach (string line in LineWrap.Of(string.Join(new string(' ', Gap), cells).TrimEnd(), width)) output.WriteLine(line);
            string rest = string.Join(new string(' ', Gap), row.Skip(fitting).Where(cell => cell.Length > 0));
            if (rest.Length > 0) LineWrap.Write(output, new string(' ', 2 * Gap) + rest);
        }
    }

    /// <summary>Columns that fit beside each other: at least one.</summary>
    private static int Fitting(int[] widths, int width)
    {
        int used = widths[0], columns = 1;
        while (columns < widths.Length && used + Gap + widths[columns] <= width) used += Gap + widths[columns++];
        return columns;
    }
}
