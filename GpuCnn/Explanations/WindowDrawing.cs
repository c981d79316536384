namespace GpuCnn.Explanations;

/// <summary>Draws windows over a padded map with characters.</summary>
public static class WindowDrawing
{
    private const int LeastLabel = 5, LeastCells = 12, MostRows = 12, MostGridRows = 16;

    /// <summary>
    /// Draws the windows along one axis, one below the other: <c>o</c> is a pixel, <c>.</c> padding, <c>#</c> what a window reads, <c>^</c>
    /// what is left over. Where the axis is wider than a line, its middle is left out.
    /// </summary>
    /// <param name="width">Characters of a line.</param>
    public static IReadOnlyList<string> OfAxis(WindowAxis axis, int width)
    {
        int label = Math.Max(LeastLabel, $"{axis.Output}".Length), room = Math.Max(LeastCells, width - label - 2);
        long length = axis.PaddedInput + axis.Overhang;
        int cell = 2 * length <= room ? 2 : 1;
        // Of a long axis, its two ends.
        bool isWhole = length * cell <= room;
        long end = isWhole ? length : (room - 5) / 2;
        long[] cells = isWhole ? [.. Range(0, length)] : [.. Range(0, end), -1, .. Range(length - end, length)];
        List<string> lines = [Line("", pixel => pixel >= axis.PaddedInput ? ' ' : IsPadding(axis, pixel) ? '.' : 'o')];
        int? last = null;
        foreach (int window in Shown(axis, end, length, isWhole))
        {
            if (window - (last ?? -1) > 1) lines.Add("...".PadLeft(label));
            lines.Add(Line($"{window + 1}", pixel => axis.Reads(window, pixel) ? '#' : ' '));
            last = window;
        }
        // A window that is longer than what is shown is told in numbers.
        if (last is null) lines.Add($"{"1".PadLeft(label)}  pixels 1 to {axis.Extent}");
        if (axis.LeftOver > 0) lines.Add(Line("", pixel => pixel >= axis.PaddedInput - axis.LeftOver ? '^' : ' '));
        return lines;

        string Line(string name, Func<long, char> draw) => (name.PadLeft(label) + "  " + string.Concat(
            cells.Select(pixel => pixel < 0 ? " ... " : new string([draw(pixel), .. new string(' ', cell - 1)])))).TrimEnd();
    }

    /// <summary>
    /// Writes how many windows read each pixel of a map, and <c>.</c> for padding. Empty where the map is too large for a line.
    /// </summary>
    public static IReadOnlyList<string> OfReads(WindowAxis rows, WindowAxis columns, int width)
    {
        if (rows.PaddedInput > MostGridRows || columns.PaddedInput > width) return [];
        int[] down = [.. Range(0, rows.PaddedInput).Select(rows.Reads)], across = [.. Range(0, columns.PaddedInput).Select(columns.Reads)];
        int digits = $"{(long)down.Max() * across.Max()}".Length + 1;
        if (across.Length * digits + 2 > width) return [];
        return
        [
            .. down.Select((times, row) => ("  " + string.Concat(across.Select((reads, column) =>
                (IsPadding(rows, row) || IsPadding(columns, column) ? "." : $"{times * reads}").PadLeft(digits))))),
        ];
    }

    private static bool IsPadding(WindowAxis axis, long pixel) => pixel < axis.Padding || pixel >= axis.Padding + axis.Input;

    /// <summary>Returns the windows that are drawn: all, or the first and the last few of those that lie in what is shown.</summary>
    private static IEnumerable<int> Shown(WindowAxis axis, long end, long length, bool isWhole)
    {
        if (isWhole && axis.Output <= MostRows) return Enumerable.Range(0, axis.Output);
        int first = Enumerable.Range(0, Math.Min(axis.Output, MostRows / 3))
            .Count(window => isWhole || (long)window * axis.Stride + axis.Extent <= end);
        int last = Enumerable.Range(1, Math.Min(axis.Output - first, MostRows / 3))
            .Count(back => isWhole || (long)(axis.Output - back) * axis.Stride >= length - end);
        return [.. Enumerable.Range(0, first), .. Enumerable.Range(axis.Output - last, last)];
    }

    private static IEnumerable<long> Range(long first, long end)
    {
        for (long i = first; i < end; i++) yield return i;
    }
}
