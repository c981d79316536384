using System.Globalization;

namespace GpuCnn.Cli.Output;

/// <summary>Draws a curve in characters: braille patterns, with 2 x 4 dots each, or stars where a terminal is plain.</summary>
internal static class TextPlot
{
    private const int BrailleColumns = 2, BrailleRows = 4;
    private const char Blank = '⠀';

    // Bit of the dot at [row][column] of a pattern (Unicode, block U+2800).
    private static readonly int[,] Bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    /// <summary>Returns lines of equal length, the topmost first, with the highest and the lowest value at their left.</summary>
    /// <param name="values">Equally spaced; those that are not finite leave a gap.</param>
    /// <param name="width">Characters of a line, with the numbers.</param>
    /// <param name="isPlain">Whether to draw in ASCII.</param>
    public static IReadOnlyList<string> Labelled(IReadOnlyList<double> values, int width, int rows, bool isPlain)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length == 0) return [.. Enumerable.Repeat(new string(' ', width), rows)];
        (string high, string low) = (Number(finite.Max()), Number(finite.Min()));
        int margin = Math.Max(high.Length, low.Length);
        IReadOnlyList<string> lines = Draw(values, Math.Max(1, width - margin - 1), rows, isPlain);
        return [.. lines.Select((line, row) => $"{(row == 0 ? high : row == rows - 1 ? low : "").PadLeft(margin)} {line}")];
    }

    /// <summary>Returns lines of equal length, the topmost first, from the lowest to the highest value.</summary>
    /// <inheritdoc cref="Labelled"/>
    public static IReadOnlyList<string> Draw(IReadOnlyList<double> values, int columns, int rows, bool isPlain)
    {
        int wide = isPlain ? columns : columns * BrailleColumns, high = isPlain ? rows : rows * BrailleRows;
        var dots = new bool[high, wide];
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length > 0)
        {
            (double low, double range) = (finite.Min(), finite.Max() - finite.Min());
            int? before = null;
            for (int x = 0; x < wide; x++)
            {
                double value = At(values, wide == 1 ? 0 : (double)x / (wide - 1) * (values.Count - 1));
                if (!double.IsFinite(value))
                {
                    before = null;
                    continue;
                }
                int y = range > 0 ? (int)Math.Round((1 - (value - low) / range) * (high - 1)) : high - 1;
                // Steep parts are joined to a line.
                int from = before is { } last && last != y ? last + Math.Sign(y - last) : y;
                for (int dot = Math.Min(from, y); dot <= Math.Max(from, y); dot++) dots[dot, x] = true;
                before = y;
            }
        }
        return [.. Enumerable.Range(0, rows).Select(row => string.Create(columns, dots, (line, drawn) =>
        {
            for (int column = 0; column < line.Length; column++) line[column] = Cell(drawn, row, column, isPlain);
        }))];
    }

    private static char Cell(bool[,] dots, int row, int column, bool isPlain)
    {
        if (isPlain) return dots[row, column] ? '*' : ' ';
        int pattern = 0;
        for (int y = 0; y < BrailleRows; y++)
            for (int x = 0; x < BrailleColumns; x++)
                if (dots[row * BrailleRows + y, column * BrailleColumns + x]) pattern |= Bits[y, x];
        return (char)(Blank + pattern);
    }

    /// <summary>The value at a place between two, on the line between them.</summary>
    private static double At(IReadOnlyList<double> values, double place)
    {
        int left = (int)place, right = Math.Min(left + 1, values.Count - 1);
        return place == left ? values[left] : values[left] + (place - left) * (values[right] - values[left]);
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) is >= 0.001 and < 10_000 ? "0.000" : "0.00e+0",
        CultureInfo.InvariantCulture);
}
