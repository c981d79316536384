using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

internal sealed class PoolingArithmetic : LayerArithmetic
{
    public override ValueExplanation? Explain(ValuePlace place)
    {
        int height = place.Input.IsVector ? 1 : place.Input.Height, width = place.Input.IsVector ? 1 : place.Input.Width;
        return place.Layer.Operator switch
        {
            MaxPool2d pool => Of(pool, takesLargest: true, countsPadding: false),
            AvgPool2d pool => Of(pool, takesLargest: false, pool.CountPadding),
            GlobalAvgPool2d => new PoolingExplanation(place, 0, 0, height, width, false, height * width),
            AdaptiveAvgPool2d pool => Bin(pool),
            _ => null,
        };

        PoolingExplanation Of(Pool2d pool, bool takesLargest, bool countsPadding)
        {
            int top = place.Row * pool.Stride.Rows - pool.Padding.Rows, left = place.Column * pool.Stride.Columns - pool.Padding.Columns;
            // A window of ceil mode ends with the padded input.
            int rows = Math.Min(pool.Size.Rows, height + pool.Padding.Rows - top);
            int columns = Math.Min(pool.Size.Columns, width + pool.Padding.Columns - left);
            return new(place, top, left, rows, columns, takesLargest, countsPadding ? rows * columns : null);
        }

        PoolingExplanation Bin(AdaptiveAvgPool2d pool)
        {
            (int top, int bottom) = Range(place.Row, height, pool.Rows);
            (int left, int right) = Range(place.Column, width, pool.Columns);
            return new(place, top, left, bottom - top, right - left, false, null);
        }

        static (int First, int End) Range(int bin, int size, int bins) => (bin * size / bins, ((bin + 1) * size + bins - 1) / bins);
    }
}

/// <summary>A value of a pooling: the window and its largest value, or its mean.</summary>
public sealed class PoolingExplanation : ValueExplanation
{
    private const int MostCells = 16;

    private readonly ValuePlace _place;

    /// <param name="divisor">Number that the sum is divided by; null counts the values within the map.</param>
    internal PoolingExplanation(ValuePlace place, int top, int left, int rows, int columns, bool takesLargest, int? divisor) : base(place)
    {
        _place = place;
        (Top, Left, TakesLargest) = (top, left, takesLargest);
        Window = new double?[rows, columns];
        int count = 0;
        double sum = 0, largest = double.NegativeInfinity;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                if (top + row < 0 || top + row >= place.Input.Height || left + column < 0 || left + column >= place.Input.Width) continue;
                double value = place.Read(place.Map, top + row, left + column);
                Window[row, column] = value;
                count++;
                sum += value;
                if (!(value > largest)) continue;
                largest = value;
                Winner = (top + row, left + column);
            }
        }
        (Sum, Divisor) = (sum, divisor ?? count);
        Result = takesLargest ? largest : sum / Divisor;
    }

    public int Top { get; }

    public int Left { get; }

    /// <summary>Whether the largest value is taken, or the mean.</summary>
    public bool TakesLargest { get; }

    /// <summary>[rows, columns] of the map; null in the padding.</summary>
    public double?[,] Window { get; }

    /// <summary>Row and column of the first largest value.</summary>
    public (int Row, int Column) Winner { get; }

    public double Sum { get; }

    /// <summary>Values that the mean is taken over.</summary>
    public int Divisor { get; }

    public override double Result { get; }

    private protected override IEnumerable<string> Arithmetic
    {
        get
        {
            int rows = Window.GetLength(0), columns = Window.GetLength(1);
            yield return $"window of {_place.NameOfInput()}, map {Map}: rows {Top} to {Top + rows - 1}, columns {Left} to "
                + $"{Left + columns - 1}{(Window.Cast<double?>().Contains(null) ? "; - is padding" : "")}";
            if (columns <= MostCells && rows <= MostCells)
            {
                for (int row = 0; row < rows; row++)
                {
                    IEnumerable<string> cells = Enumerable.Range(0, columns).Select(column => Cell(row, column));
                    yield return string.Concat(cells.Select(cell => cell.PadLeft(NumberText.Width + 2)));
                }
            }
            if (TakesLargest) yield return Line("largest", Result, $"at row {Winner.Row}, column {Winner.Column}");
            else
            {
                yield return Line("sum", Sum);
                yield return Line($"divided by {Divisor}", Result);
            }
        }
    }

    private string Cell(int row, int column)
    {
        string text = Window[row, column] is { } value ? NumberText.Short(value) : "-";
        return TakesLargest && Winner == (Top + row, Left + column) ? $"[{text}]" : $"{text} ";
    }
}
