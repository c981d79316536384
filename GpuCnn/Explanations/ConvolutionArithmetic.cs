using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

internal sealed class ConvolutionArithmetic : LayerArithmetic
{
    public override ValueExplanation? Explain(ValuePlace place) =>
        place.Layer.Operator is Conv2d convolution ? new ConvolutionExplanation(place, convolution) : null;
}

/// <summary>A value of a convolution: the window of each channel times the filter, the sum of the products, and the bias.</summary>
public sealed class ConvolutionExplanation : ValueExplanation
{
    /// <summary>Most channels whose windows are printed.</summary>
    private const int MostChannels = 8;

    private readonly ValuePlace _place;
    private readonly Conv2d _convolution;

    internal ConvolutionExplanation(ValuePlace place, Conv2d convolution) : base(place)
    {
        _place = place;
        _convolution = convolution;
        (int rows, int columns) = convolution.Size;
        int channels = place.Input.Channels / convolution.Groups, first = place.Map / (convolution.Filters / convolution.Groups) * channels;
        Top = place.Row * convolution.Stride.Rows - convolution.Padding.Rows;
        Left = place.Column * convolution.Stride.Columns - convolution.Padding.Columns;
        FirstChannel = first;
        float[] filters = place.Parameter("weight");
        Window = new double[channels, rows, columns];
        Filter = new double[channels, rows, columns];
        ChannelSums = new double[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    if (IsInside(row, column))
                        Window[channel, row, column] = place.Read(first + channel, Top + row, Left + column);
                    Filter[channel, row, column] = filters[((place.Map * channels + channel) * rows + row) * columns + column];
                    ChannelSums[channel] += Window[channel, row, column] * Filter[channel, row, column];
                }
            }
        }
        Bias = place.Find("bias") is { } bias ? bias[place.Map] : null;
    }

    /// <summary>Row of the input where the window begins; negative in the padding.</summary>
    public int Top { get; }

    /// <summary>Column of the input where the window begins; negative in the padding.</summary>
    public int Left { get; }

    /// <summary>The input channel that the window's first channel is; other than 0 in a later group.</summary>
    public int FirstChannel { get; }

    /// <summary>[channels, rows, columns] of the input; 0 in the padding.</summary>
    public double[,,] Window { get; }

    /// <summary>[channels, rows, columns] weights.</summary>
    public double[,,] Filter { get; }

    /// <summary>Sum of the products of each channel.</summary>
    public double[] ChannelSums { get; }

    /// <summary>Null if the layer has none.</summary>
    public double? Bias { get; }

    public override double Result => ChannelSums.Sum() + (Bias ?? 0);

    private protected override IEnumerable<string> Arithmetic
    {
        get
        {
            (int rows, int columns) = _convolution.Size;
            int channels = ChannelSums.Length;
            bool isPadded = Top < 0 || Left < 0 || Top + rows > _place.Input.Height || Left + columns > _place.Input.Width;
            yield return $"window of {_place.NameOfInput()}: rows {Top} to {Top + rows - 1}, columns {Left} to {Left + columns - 1}"
                + (isPadded ? "; - is padding, which counts as 0" : "");
            int[] shown = [.. Enumerable.Range(0, channels).OrderByDescending(channel => Math.Abs(ChannelSums[channel])).Take(MostChannels)
                .Order()];
            foreach (int channel in shown)
            {
                yield return "";
                yield return $"channel {FirstChannel + channel}: window x filter = products";
                IEnumerable<string> lines = NumberText.Blocks(rows,
                    (row => Cells(column => IsInside(row, column) ? NumberText.Short(Window[channel, row, column]) : "-"), "window", "x"),
                    (row => Cells(column => NumberText.Short(Filter[channel, row, column])), "filter", "="),
                    (row => Cells(column => NumberText.Short(Window[channel, row, column] * Filter[channel, row, column])),
                        "products", ""));
                foreach (string line in lines) yield return line;
                yield return Line("sum of the products", ChannelSums[channel]);
            }
            yield return "";
            if (channels > shown.Length)
            {
                double others = ChannelSums.Sum() - shown.Sum(channel => ChannelSums[channel]);
                yield return Line($"{channels - shown.Length} other channels", others, "whose sums are smaller");
            }
            yield return Line($"sum of {channels} channel{(channels == 1 ? "" : "s")}", ChannelSums.Sum());
            if (Bias is { } bias) yield return Line("bias", bias);
            yield return Line("result", Result);

            IEnumerable<string> Cells(Func<int, string> cell) => Enumerable.Range(0, columns).Select(cell);
        }
    }

    private bool IsInside(int row, int column) =>
        Top + row >= 0 && Top + row < _place.Input.Height && Left + column >= 0 && Left + column < _place.Input.Width;
}
