using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Explanations;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn explain conv</c> and <c>gpucnn explain pool</c>: the arithmetic of windows over a map.</summary>
internal static class ExplainWindowsCommand
{
    /// <summary>Characters of a line of a drawing where the output takes any.</summary>
    private const int UsualWidth = 100;

    public static Command CreateConv(CommandHost host) => Create(host, isPooling: false);

    public static Command CreatePool(CommandHost host) => Create(host, isPooling: true);

    private static Command Create(CommandHost host, bool isPooling)
    {
        string window = isPooling ? "window" : "filter";
        Option<Extents?> input = Input();
        Option<(int Rows, int Columns)?> kernel = Options.Pair("--kernel", $"Rows and columns of a {window}.", 1, WindowAxis.Largest);
        Option<(int Rows, int Columns)?> stride = Options.Pair("--stride",
            $"Pixels from one window to the next. [default: {(isPooling ? "that of --kernel" : "1")}]", 1, WindowAxis.Largest);
        Option<(int Rows, int Columns)?> padding = Options.Pair("--padding", "Zeros on each side. [default: 0]", 0, WindowAxis.Largest);
        Option<(int Rows, int Columns)?> dilation = Options.Pair("--dilation", "Distance of the pixels that a filter reads. [default: 1]",
            1, WindowAxis.Largest);
        Option<int?> channels = Options.Whole("--channels", "Channels of the input, to count values"
            + $"{(isPooling ? "" : " and weights")}. [default: those of --input, if it has any]", maximum: WindowAxis.Largest);
        Option<int?> filters = Options.Whole("--filters", "Filters, to count weights.", maximum: WindowAxis.Largest);
        Option<bool> ceil = Options.Flag("--ceil", "Round the number of windows up: the last may reach past the input.");
        Option<string?> figure = Options.Text("--figure", "FILE.svg", "Draw the windows and the output to a file.");
        Option<bool> json = Options.Json;
        input.Required = kernel.Required = true;
        var command = new Command(isPooling ? "pool" : "conv",
            $"Computes the size of a {(isPooling ? "pooling" : "convolution")}'s output, and says what fits and what is left over.")
        {
            input, kernel, stride, padding,
        };
        foreach (Option option in (Option[])(isPooling ? [channels, ceil, figure, json] : [dilation, channels, filters, figure, json]))
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            CheckAbove(parsed);
            Extents map = parsed.GetValue(input)!;
            (int Rows, int Columns) size = parsed.GetValue(kernel)!.Value, step = parsed.GetValue(stride) ?? (isPooling ? size : (1, 1)),
                pad = parsed.GetValue(padding) ?? (0, 0), spread = isPooling ? (1, 1) : parsed.GetValue(dilation) ?? (1, 1);
            int? depth = parsed.GetValue(channels) ?? map.Channels, count = isPooling ? null : parsed.GetValue(filters);
            if (map.Channels is { } own && own != depth)
                throw new UsageException($"--channels expects the {own} of --input, but got {depth}; leave one of them out.");
            if (count is not null && depth is null)
                throw new UsageException("--filters expects --channels too: a filter has weights for each channel of the input.");
            if (isPooling && (2L * pad.Rows > size.Rows || 2L * pad.Columns > size.Columns))
                throw new UsageException($"--padding expects at most half the window of {size.Rows}x{size.Columns}, "
                    + $"but got {pad.Rows}x{pad.Columns}.");
            bool roundsUp = isPooling && parsed.GetValue(ceil);
            WindowExplanation windows = UsageException.Guard(() => new WindowExplanation(
                new(map.Rows, size.Rows, step.Rows, pad.Rows, spread.Rows, roundsUp),
                new(map.Columns, size.Columns, step.Columns, pad.Columns, spread.Columns, roundsUp), isPooling, depth, count));
            string? file = parsed.GetValue(figure);
            if (file is not null) WindowFigure.Of(windows).Save(file);
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(Report.Of(windows)));
            else Write(host.Output, windows);
            if (file is not null && !parsed.GetValue(json)) host.Output.WriteLine($"\nFigure: {ShownPath.Of(file)}");
            return Program.Done;
        });
        return command;
    }

    /// <summary>Refuses what stands before the name of the command: it would be a model's, and ignored.</summary>
    private static void CheckAbove(ParseResult parsed)
    {
        var above = (CommandResult)parsed.CommandResult.Parent!;
        string? given = above.Command.Options.Where(option => parsed.IsGiven(option)).Select(option => option.Name)
            .Concat(above.Command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? []).Select(token => token.Value))
            .FirstOrDefault();
        string name = parsed.CommandResult.Command.Name;
        if (given is not null)
            throw new UsageException($"gpucnn explain {name} expects its options after '{name}', but got '{given}' before it. "
                + $"See gpucnn explain {name} --help.");
    }

    private static Option<Extents?> Input() => Options.Checked<Extents?>("--input", "N|HxW|CxHxW", "Pixels of the input.", text =>
    {
        int[] sizes = [.. text.Split('x', 'X').Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size is > 0 and <= WindowAxis.Largest
                ? size : -1)];
        return sizes.Contains(-1) || sizes.Length > 3
            ? throw new UsageException($"--input expects pixels as in 32, 32x48 or 3x32x48, up to {Words.Number(WindowAxis.Largest)}, "
                + $"but got '{text}'.")
            : new(sizes.Length == 3 ? sizes[0] : null, sizes.Length == 3 ? sizes[1] : sizes[0], sizes[^1]);
    });

    private static void Write(TextWriter output, WindowExplanation windows)
    {
        int width = Math.Min(LineWrap.WidthOf(output), UsualWidth);
        LineWrap.Write(output, windows.Title);
        output.WriteLine();
        foreach (string line in windows.Formula) LineWrap.Write(output, $"  {line}");
        output.WriteLine();
        foreach (string sentence in windows.Fit.Concat(windows.Neighbours)) LineWrap.Write(output, sentence);
        WriteAxis("row", windows.Columns);
        if (windows.Rows != windows.Columns) WriteAxis("column", windows.Rows);
        IReadOnlyList<string> reads = WindowDrawing.OfReads(windows.Rows, windows.Columns, width);
        if (reads.Count > 0)
        {
            output.WriteLine();
            LineWrap.Write(output, "How many windows read each pixel:");
            foreach (string line in reads) output.WriteLine(line);
        }
        if (windows.Costs.Count > 0) output.WriteLine();
        foreach ((string name, string value) in windows.Costs) LineWrap.Write(output, $"{name,-15} {value}");

        void WriteAxis(string name, WindowAxis axis)
        {
            output.WriteLine();
            LineWrap.Write(output, $"Windows along a {name} (o pixel{(axis.Padding > 0 ? ", . padding" : "")}, # read"
                + $"{(axis.LeftOver > 0 ? ", ^ left over" : "")}):");
            foreach (string line in WindowDrawing.OfAxis(axis, width)) output.WriteLine(line);
        }
    }

    /// <summary>What <c>--input</c> says.</summary>
    private sealed record Extents(int? Channels, int Rows, int Columns);

    private sealed record Report(
        int[] Input, int[] Output, Axis Rows, Axis Columns, int? Channels, int? Filters, UInt128? Weights, UInt128? Parameters,
        UInt128? Macs, UInt128? ParametersWithoutSharing, UInt128? ParametersFullyConnected)
    {
        public static Report Of(WindowExplanation windows) => new(
            [windows.Rows.Input, windows.Columns.Input], [windows.Rows.Output, windows.Columns.Output], Axis.Of(windows, windows.Rows),
            Axis.Of(windows, windows.Columns), windows.Channels, windows.Filters, windows.Weights, windows.Parameters, windows.MultiplyAdds,
            windows.Unshared, windows.Connected);
    }

    private sealed record Axis(
        int Kernel, int Stride, int Padding, int Dilation, int Output, bool Fits, int LeftOver, int LeftOverPixels, int Overhang,
        IReadOnlyList<FittingValue> FittingStrides, IReadOnlyList<FittingValue> FittingPaddings, IReadOnlyList<FittingValue> FittingInputs)
    {
        public static Axis Of(WindowExplanation windows, WindowAxis axis) => new(
            axis.Size, axis.Stride, axis.Padding, axis.Dilation, axis.Output, axis.Fits, axis.LeftOver, axis.LeftOverPixels, axis.Overhang,
            axis.FittingStrides, windows.FittingPaddings(axis), axis.FittingInputs);
    }
}
