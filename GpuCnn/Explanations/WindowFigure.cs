using GpuCnn.Pages;

namespace GpuCnn.Explanations;

/// <summary>Draws the windows over the padded input as a figure: the first, its neighbours and the last, and the output's pixels.</summary>
public static class WindowFigure
{
    private const double LargestCell = 30, Side = 420, LeastCell = 5;

    /// <summary>Creates the figure.</summary>
    public static SvgDrawing Of(WindowExplanation windows)
    {
        WindowAxis rows = windows.Rows, columns = windows.Columns;
        long height = rows.PaddedInput + rows.Overhang, width = columns.PaddedInput + columns.Overhang;
        double cell = Math.Min(LargestCell, Side / Math.Max(height, width));
        var drawing = new SvgDrawing(windows.Title);
        drawing.Label(0, 0, windows.Title, 15, bold: true);
        const double Top = 50;
        string padded = rows.Padding + columns.Padding > 0 ? "Padded input" : "Input";
        drawing.Label(0, Top - 10, $"{padded} {rows.PaddedInput}x{columns.PaddedInput}", color: SvgColor.Muted);
        Input(drawing, rows, columns, cell, Top);

        // Output pixels are drawn as large as their windows lie apart, but not larger than the input's.
        double output = Math.Min(LargestCell, Math.Max(cell, 6)), left = width * cell + 90;
        if (Math.Max(rows.Output, columns.Output) * output > Side) output = Side / Math.Max(rows.Output, columns.Output);
        drawing.Label(left, Top - 10, $"Output {rows.Output}x{columns.Output}", color: SvgColor.Muted);
        Grid(drawing, left, Top, columns.Output, rows.Output, output);
        Mark(drawing, left, Top, output, 0, 0, SvgColor.Blue);
        if (columns.Output > 1) Mark(drawing, left, Top, output, 0, 1, SvgColor.Orange);
        if (rows.Output > 1) Mark(drawing, left, Top, output, 1, 0, SvgColor.Green);
        double middle = Top + Math.Max(height * cell, rows.Output * output) / 2;
        drawing.Line(width * cell + 20, Top + Math.Min(height * cell, rows.Output * output) / 2, left - 20,
            Top + Math.Min(height * cell, rows.Output * output) / 2, SvgColor.Muted, 1.5, arrow: true);
        Legend(drawing, windows, Math.Max(Top + height * cell, 2 * middle - Top) + 28);
        return drawing;
    }

    private static void Input(SvgDrawing drawing, WindowAxis rows, WindowAxis columns, double cell, double top)
    {
        double width = columns.PaddedInput * cell, height = rows.PaddedInput * cell;
        drawing.Rectangle(0, top, width, height, rows.Padding + columns.Padding > 0 ? SvgColor.Faint : SvgColor.Paper, SvgColor.Muted);
        drawing.Rectangle(columns.Padding * cell, top + rows.Padding * cell, columns.Input * cell, rows.Input * cell, SvgColor.Paper,
            SvgColor.Muted);
        if (rows.LeftOver > 0) drawing.Rectangle(0, top + height - rows.LeftOver * cell, width, rows.LeftOver * cell, SvgColor.Red);
        if (columns.LeftOver > 0) drawing.Rectangle(width - columns.LeftOver * cell, top, columns.LeftOver * cell, height, SvgColor.Red);
        if (cell >= LeastCell)
        {
            for (int r = 0; r < rows.Size; r++)
                for (int s = 0; s < columns.Size; s++)
                    drawing.Rectangle(s * columns.Dilation * cell, top + r * rows.Dilation * cell, cell, cell, SvgColor.Blue);
            Grid(drawing, 0, top, (int)columns.PaddedInput, (int)rows.PaddedInput, cell);
        }
        else
        {
            drawing.Rectangle(0, top, columns.Extent * cell, rows.Extent * cell, SvgColor.Blue);
        }
        if (rows.Padding + columns.Padding > 0)
            drawing.Rectangle(columns.Padding * cell, top + rows.Padding * cell, columns.Input * cell, rows.Input * cell, SvgColor.None,
                SvgColor.Ink, strokeWidth: 1.5);
        if (rows.Output > 1) Window(rows.Stride, 0, SvgColor.Green);
        if (columns.Output > 1) Window(0, columns.Stride, SvgColor.Orange);
        Window(0, 0, SvgColor.Blue);
        if (rows.Output > 2 || columns.Output > 2)
            Window((rows.Output - 1L) * rows.Stride, (columns.Output - 1L) * columns.Stride, SvgColor.Purple);

        // Slightly within the cells, so that neighbours' edges stay apart.
        void Window(long row, long column, SvgColor color) => drawing.Rectangle(column * cell + 1.5, top + row * cell + 1.5,
            Math.Max(1, columns.Extent * cell - 3), Math.Max(1, rows.Extent * cell - 3), SvgColor.None, color, strokeWidth: 3);
    }

    private static void Grid(SvgDrawing drawing, double left, double top, int columns, int rows, double cell)
    {
        drawing.Rectangle(left, top, columns * cell, rows * cell, SvgColor.None, SvgColor.Muted);
        if (cell < LeastCell) return;
        for (int i = 1; i < columns; i++) drawing.Line(left + i * cell, top, left + i * cell, top + rows * cell, SvgColor.Gray, 0.6);
        for (int i = 1; i < rows; i++) drawing.Line(left, top + i * cell, left + columns * cell, top + i * cell, SvgColor.Gray, 0.6);
    }

    private static void Mark(SvgDrawing drawing, double left, double top, double cell, int row, int column, SvgColor color) =>
        drawing.Rectangle(left + column * cell, top + row * cell, cell, cell, color, SvgColor.Muted);

    private static void Legend(SvgDrawing drawing, WindowExplanation windows, double top)
    {
        (SvgColor Color, string Text, bool IsShown)[] entries =
        [
            (SvgColor.Blue, $"first {windows.Window}", true),
            (SvgColor.Orange, $"next to the right, {windows.Columns.Stride} on", windows.Columns.Output > 1),
            (SvgColor.Green, $"next below, {windows.Rows.Stride} on", windows.Rows.Output > 1),
            (SvgColor.Purple, "last", windows.Rows.Output > 2 || windows.Columns.Output > 2),
            (SvgColor.Faint, "padding", windows.Rows.Padding + windows.Columns.Padding > 0),
            (SvgColor.Red, "left over", windows.Rows.LeftOver + windows.Columns.LeftOver > 0),
        ];
        double x = 0;
        foreach ((SvgColor color, string text, _) in entries.Where(entry => entry.IsShown))
        {
            drawing.Rectangle(x, top - 10, 12, 12, color, SvgColor.Muted);
            drawing.Label(x + 18, top, text);
            x += 18 + SvgDrawing.WidthOf(text, 12) + 20;
        }
        double line = top + 26;
        foreach (string formula in windows.Formula)
        {
            drawing.Label(0, line, formula, color: SvgColor.Muted);
            line += 18;
        }
    }
}
