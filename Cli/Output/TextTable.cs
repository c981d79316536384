namespace GpuCnn.Cli.Output;

/// <summary>
/// A table of plain text: columns two spaces apart, without lines, never wrapped. It reads the same on a terminal, in a file and in grep.
/// </summary>
/// <param name="headings">One for each column; a leading '&gt;' aligns the column to the right.</param>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells)
    {
        if (cells.Length != headings.Length) throw new ArgumentException($"A row of this table has {headings.Length} cells, "
            + $"but got {cells.Length}.", nameof(cells));
        _rows.Add(cells);
    }

    public void Write(TextWriter output)
    {
        string[] titles = [.. headings.Select(heading => heading.TrimStart('>'))];
        int[] widths = [.. titles.Select((title, column) => _rows.Select(row => row[column].Length).Prepend(title.Length).Max())];
        foreach (string[] row in _rows.Prepend(titles))
        {
            IEnumerable<string> cells = row.Select((cell, column) => headings[column].StartsWith('>') ? cell.PadLeft(widths[column])
                : cell.PadRight(widths[column]));
            output.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }
}
