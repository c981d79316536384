using System.Globalization;
using GpuCnn.Engine;

namespace GpuCnn.Explanations;

/// <summary>
/// Explains the windows of a convolution or a pooling over a map: the formula with its numbers, what is left over, what would fit, and the
/// weights.
/// </summary>
public sealed record WindowExplanation
{
    /// <param name="channels">Channels of the input, or null if nothing is to be counted.</param>
    /// <param name="filters">Filters of a convolution, or null.</param>
    public WindowExplanation(WindowAxis rows, WindowAxis columns, bool isPooling, int? channels = null, int? filters = null)
    {
        Check("channels", channels);
        Check("filters", filters);
        if (filters is not null && (isPooling || channels is null))
            throw new GpuCnnException("Filters expect a convolution, and channels of its input that they read.");
        (Rows, Columns, IsPooling, Channels, Filters) = (rows, columns, isPooling, channels, filters);
    }

    public WindowAxis Rows { get; }

    public WindowAxis Columns { get; }

    public bool IsPooling { get; }

    public int? Channels { get; }

    public int? Filters { get; }

    /// <summary>Weights of one filter: R S C. Null without channels, and for a pooling.</summary>
    public long? WeightsPerFilter => IsPooling || Channels is not { } channels ? null : (long)Rows.Size * Columns.Size * channels;

    /// <summary>Channels of the output: the filters, or of a pooling the channels. Null if unknown.</summary>
    public int? OutputChannels => IsPooling ? Channels : Filters;

    /// <summary>Values of the output volume; null if its channels are unknown.</summary>
    public UInt128? Outputs => OutputChannels is { } channels ? (UInt128)Rows.Output * (UInt128)Columns.Output * (UInt128)channels : null;

    /// <summary>Weights of all filters.</summary>
    public UInt128? Weights => Filters is { } filters ? (UInt128)WeightsPerFilter! * (UInt128)filters : null;

    /// <summary>Weights and one bias for each filter.</summary>
    public UInt128? Parameters => Filters is { } filters ? Weights + (UInt128)filters : null;

    /// <summary>Multiply-adds of one image.</summary>
    public UInt128? MultiplyAdds => Filters is null ? null : Outputs * (UInt128)WeightsPerFilter!;

    /// <summary>Parameters if each output value had weights and a bias of its own.</summary>
    public UInt128? Unshared => Filters is null ? null : Outputs * ((UInt128)WeightsPerFilter! + 1);

    /// <summary>Parameters of the fully connected layer between the same volumes.</summary>
    public UInt128? Connected => Filters is null ? null
        : Outputs * ((UInt128)Rows.Input * (UInt128)Columns.Input * (UInt128)Channels! + 1);

    /// <summary>"3x3 filter", "2x2 window"</summary>
    public string Window => $"{Pair(Rows.Size, Columns.Size)} {(IsPooling ? "window" : "filter")}";

    /// <summary>One line that says what is explained.</summary>
    public string Title => $"{(IsPooling ? "Pooling" : "Convolution")} of {Volume(Channels, Rows.Input, Columns.Input)} pixels with "
        + (IsPooling ? "windows of " : Filters is { } filters ? $"{N(filters)} filters of " : "filters of ")
        + $"{Pair(Rows.Size, Columns.Size)}, stride {One(Rows.Stride, Columns.Stride)}"
        + (Rows.Padding + Columns.Padding > 0 ? $", padding {One(Rows.Padding, Columns.Padding)}" : "")
        + (Rows.Dilation * Columns.Dilation > 1 ? $", dilation {One(Rows.Dilation, Columns.Dilation)}" : "")
        + (Rows.CeilMode ? ", rounded up" : "");

    /// <summary>The formula of the output's size, then the same with the numbers, step by step.</summary>
    public IReadOnlyList<string> Formula
    {
        get
        {
            string window = IsPooling ? "window" : "filter", round = Rows.CeilMode ? "ceil" : "floor";
            List<string> lines = [];
            if (Rows.Dilation > 1 || Columns.Dilation > 1)
                lines.AddRange(Axes(axis => $"{window} = dilation*(size - 1) + 1 = {axis.Dilation}*({axis.Size} - 1) + 1 = {axis.Extent}"));
            lines.Add($"output = {round}((input - {window} + 2*padding) / stride) + 1");
            lines.AddRange(Axes(axis =>
            {
                string quotient = Decimal((double)axis.Span / axis.Stride);
                int rounded = axis.CeilMode ? (int)Math.Ceiling((double)axis.Span / axis.Stride) : (int)(axis.Span / axis.Stride);
                string line = $"output = {round}({Division(axis)}) + 1 = {(axis.Fits ? quotient : $"{round}({quotient})")} + 1 = "
                    + $"{rounded + 1}";
                return rounded + 1 == axis.Output ? line
                    : $"{line}, less the last window, which would start past the input: {axis.Output}";
            }));
            return lines;
        }
    }

    /// <summary>Sentences on whether the windows fit, what is left over, and what would fit.</summary>
    public IReadOnlyList<string> Fit => [.. Axes(Fitting)];

    /// <summary>Sentences on how neighbouring windows lie.</summary>
    public IReadOnlyList<string> Neighbours => [.. Axes(axis => axis.Output < 2 ? "There is one window."
        : axis.Stride < axis.Extent
            ? $"Neighbouring windows overlap by {Pixels(axis.Extent - axis.Stride)} ({axis.Extent} - {axis.Stride})."
        : axis.Stride == axis.Extent ? "Neighbouring windows touch and do not overlap."
        : $"Between neighbouring windows {Pixels(axis.Stride - axis.Extent)} {Is(axis.Stride - axis.Extent)} never read.")];

    /// <summary>What the layer costs, as pairs of a name and a value. Empty where channels and filters are unknown.</summary>
    public IReadOnlyList<(string Name, string Value)> Costs
    {
        get
        {
            List<(string, string)> rows = [];
            if (OutputChannels is { } depth)
                rows.Add(("Output volume", $"{Volume(depth, Rows.Output, Columns.Output)} = {N(Outputs!.Value)} values"));
            if (IsPooling && Channels is not null) rows.Add(("Parameters", "none: pooling learns nothing and keeps the channels"));
            if (WeightsPerFilter is { } each)
                rows.Add(("One filter", $"{Rows.Size}*{Columns.Size}*{Channels} = {N(each)} weights + 1 bias = {N(each + 1)} parameters"));
            if (Filters is not { } filters) return rows;
            rows.Add(("Parameters", $"{N(filters)} * {N(WeightsPerFilter!.Value + 1)} = {N(Parameters!.Value)} "
                + $"({N(Weights!.Value)} weights + {N(filters)} biases)"));
            rows.Add(("Multiply-adds",
                $"{N(Outputs!.Value)} values of {N(WeightsPerFilter!.Value)} each = {N(MultiplyAdds!.Value)} an image"));
            rows.Add(("Without sharing", $"{N(Unshared!.Value)} parameters, if each of the {N(Outputs!.Value)} values had its own "
                + $"{N(WeightsPerFilter!.Value)} weights and a bias"));
            rows.Add(("Fully connected", $"{N(Connected!.Value)} parameters, if each value read all "
                + $"{N((UInt128)Rows.Input * (UInt128)Columns.Input * (UInt128)Channels!)} inputs"));
            return rows;
        }
    }

    /// <summary>Paddings that fit with an axis' stride and that a layer takes: a pooling pads by at most half its window.</summary>
    public IReadOnlyList<FittingValue> FittingPaddings(WindowAxis axis) =>
        [.. axis.FittingPaddings.Where(padding => !IsPooling || 2 * padding.Value <= axis.Size)];

    private string Fitting(WindowAxis axis)
    {
        string window = IsPooling ? "window" : "filter", strides = Values(axis.FittingStrides), paddings = Values(FittingPaddings(axis));
        if (axis.Fits)
        {
            return $"Stride {axis.Stride} fits: {Division(axis)} = {axis.Span / axis.Stride} is whole, so the last window ends where the "
                    + $"{(axis.Padding > 0 ? "padding" : "input")} ends."
                + (axis is { Stride: 1, SamePadding: { } same } && same != axis.Padding && !IsPooling
                    ? $" A padding of {same} = ({window} - 1) / 2 would keep the size." : "")
                + (axis is { Stride: 1, SamePadding: { } keeps } && keeps == axis.Padding && keeps > 0 && !IsPooling
                    ? $" A padding of {keeps} = ({window} - 1) / 2 keeps the size." : "");
        }
        string rest = axis.Overhang > 0
            ? $"Rounded up, the last window reaches {Pixels(axis.Overhang)} past the end; nothing is read there."
            : axis.LeftOverPixels == 0 ? $"{Capital(Pixels(axis.LeftOver))} of padding after the last window {Is(axis.LeftOver)} left over."
            : $"{Capital(Pixels(axis.LeftOver))} after the last window {Is(axis.LeftOver)} left over and never read"
                + (axis.Padding > 0 ? $", {axis.LeftOverPixels} of the input." : ".");
        return $"Stride {axis.Stride} does not fit: {Division(axis)} = {Decimal((double)axis.Span / axis.Stride)} is not whole. {rest} "
            + (strides.Length > 0 ? $"Strides that fit with padding {axis.Padding}: {strides}. " : "")
            + (paddings.Length > 0 ? $"Paddings that fit with stride {axis.Stride}: {paddings}. "
                : axis.Stride % 2 == 0 && (axis.Input - axis.Extent) % 2 != 0
                    ? $"No padding fits with stride {axis.Stride}, because both sides get the same. "
                : $"No padding of less than {(IsPooling ? "half " : "")}the {window} fits with stride {axis.Stride}. ")
            + $"Inputs that fit: {Values(axis.FittingInputs)}.";
    }

    private static void Check(string name, int? value)
    {
        if (value is < 1 or > WindowAxis.Largest)
            throw new GpuCnnException($"Windows expect from 1 to {WindowAxis.Largest:N0} {name}, but got {value}.");
    }

    private IEnumerable<string> Axes(Func<WindowAxis, string> write)
    {
        string rows = write(Rows), columns = write(Columns);
        return rows == columns ? [rows] : [$"Rows: {rows}", $"Columns: {columns}"];
    }

    private static string Division(WindowAxis axis) => $"({axis.Input} - {axis.Extent} + 2*{axis.Padding}) / {axis.Stride}";

    private static string Values(IReadOnlyList<FittingValue> values) =>
        string.Join(", ", values.Select((value, index) => $"{value.Value} ({(index == 0 ? "output " : "")}{value.Output})"));

    private static string Pixels(long count) => $"{N(count)} {(count == 1 ? "pixel" : "pixels")}";

    private static string Is(long count) => count == 1 ? "is" : "are";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Pair(int rows, int columns) => $"{rows}x{columns}";

    private static string One(int rows, int columns) => rows == columns ? $"{rows}" : Pair(rows, columns);

    private static string Volume(int? channels, int rows, int columns) => (channels is null ? "" : $"{channels}x") + Pair(rows, columns);

    private static string Decimal(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string N(UInt128 value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string N(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
