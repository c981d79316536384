using System.Globalization;

namespace GpuCnn.Explanations;

/// <summary>Numbers in columns.</summary>
internal static class NumberText
{
    public const int Width = 9;

    private const int WidestLine = 132;

    /// <summary>Four digits after the point, or an exponent where that shows too little; aligned to the right.</summary>
    public static string Of(double value) => Short(value).PadLeft(Width);

    public static string Short(double value)
    {
        double size = Math.Abs(value);
        string format = value == 0 ? "0" : size is >= 10_000 or < 0.001 ? "0.0##e+0" : size >= 1000 ? "0.0##" : "0.0000";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Rows of numbers, side by side with signs between them, or below each other if they are too wide.</summary>
    /// <param name="blocks">Cells of each block, its name and the sign after it.</param>
    public static IEnumerable<string> Blocks(int rows, params (Func<int, IEnumerable<string>> Row, string Name, string Sign)[] blocks)
    {
        string[][][] cells = [.. blocks.Select(block => Enumerable.Range(0, rows).Select(row => block.Row(row).ToArray()).ToArray())];
        int width = cells.SelectMany(block => block).SelectMany(row => row).Max(cell => cell.Length) + 1;
        if (cells.Sum(block => block[0].Length * width + 3) <= WidestLine)
        {
            for (int row = 0; row < rows; row++)
            {
                yield return string.Concat(blocks.Select((block, i) =>
                    Line(cells[i][row]) + (row == rows / 2 ? block.Sign : "").PadLeft(2).PadRight(3))).TrimEnd();
            }
            yield break;
        }
        for (int i = 0; i < blocks.Length; i++)
        {
            yield return $"  {blocks[i].Name}";
            foreach (string[] row in cells[i]) yield return Line(row);
        }

        string Line(string[] row) => string.Concat(row.Select(cell => cell.PadLeft(width)));
    }
}
