using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;

namespace GpuCnn.Cli.Commands;

/// <summary>The results of <c>gpucnn profile</c>, as text and as JSON.</summary>
internal sealed record ProfileReport(
    Network Network, Device Device, Precision Precision, StepTimes Times, DevicePeaks Peaks, bool IsInference)
{
    private const double Giga = 1e9, Milli = 1e3;

    public string Title => $"{Network.Name} in batches of {Times.Images} on {Device.Name}, "
        + (IsInference ? "the forward pass" : "a training step");

    /// <summary>How the times were taken.</summary>
    private string Clock => Times.IsDeviceClock ? "the device's clock between the steps"
        : Times.WaitsForDevice ? "the host's clock, waiting for the device after each step"
        : "the host's clock around each step";

    public void Write(TextWriter output)
    {
        LineWrap.Write(output, $"{Title}: {Device.Description}; {Precision.Name()}");
        LineWrap.Write(output, $"Times are medians of {Times.Repetitions} runs, by {Clock}.");
        LineWrap.Write(output, $"Peaks measured here: {Rate(Peaks.OperationsPerSecond)} GFLOP/s in a product of {Peaks.ProductSize} x "
            + $"{Peaks.ProductSize} x {Peaks.ProductSize}, {Rate(Peaks.BytesPerSecond)} GB/s in a pass that reads and writes "
            + $"{Words.Bytes(Peaks.TensorBytes)}.");
        output.WriteLine();
        var table = new TextTable("layer", "pass", ">ms", ">share", ">GFLOP/s", ">GB/s", "bound by", ">of peak", "type");
        foreach (LayerTime layer in Times.Layers) table.Add(
            layer.Layer, StepTrace.Words(layer.Pass), Milliseconds(layer.Seconds), Words.Percent(layer.Seconds / Times.SumSeconds),
            layer.Operations > 0 ? Rate(layer.OperationsPerSecond) : "-", Rate(layer.BytesPerSecond), Word(Peaks.BoundOf(layer)),
            Words.Percent(Peaks.ShareOf(layer)), layer.Type);
        table.Write(output);
        output.WriteLine();
        foreach (IGrouping<StepPass, LayerTime> pass in Times.Layers.GroupBy(layer => layer.Pass).OrderBy(pass => pass.Key))
        {
            double seconds = pass.Sum(layer => layer.Seconds);
            output.WriteLine($"{Capital(StepTrace.Words(pass.Key)),-17}{Milliseconds(seconds),9} ms  "
                + $"{Words.Percent(seconds / Times.SumSeconds),7}");
        }
        output.WriteLine($"{"Sum",-17}{Milliseconds(Times.SumSeconds),9} ms  of {Words.Count(Times.StepCount, "step", "steps")}");
        output.WriteLine($"{"Whole",-17}{Milliseconds(Times.WholeSeconds),9} ms  without a wait between the steps: {Cost()}");
        output.WriteLine();
        LineWrap.Write(output, "GFLOP/s counts two operations for each multiply-add, GB/s each tensor that a step reads or writes once. "
            + "\"backward\" is what both gradients need. \"overhead\": slower than a tenth of what both peaks allow. Above 100 %: data in "
            + "caches, or Winograd's algorithm, which multiplies less often.");
    }

    public object ToJson() => new Result(
        Network.Name, Device.Name, Device.Description, Network.Input.Dimensions, Network.Output.Shape.Count, Times.Images, !IsInference,
        Times.Repetitions, Clock, Peaks.OperationsPerSecond / Giga, Peaks.BytesPerSecond / Giga, Times.SumSeconds, Times.WholeSeconds,
        [
            .. Times.Layers.Select(layer => new Row(layer.Layer, layer.Type, layer.Pass, layer.Seconds, layer.Operations, layer.Bytes,
                layer.OperationsPerSecond / Giga, layer.BytesPerSecond / Giga, Peaks.BoundOf(layer), Peaks.ShareOf(layer), layer.Steps)),
        ], Precision);

    /// <summary>What it costs to time the steps one by one.</summary>
    private string Cost()
    {
        double cost = Times.SumSeconds - Times.WholeSeconds;
        return cost <= 0 ? "timing each step costs nothing that can be seen"
            : $"timing each step costs {Words.Percent(cost / Times.WholeSeconds)}, "
                + $"{(cost / Times.StepCount * 1e6).ToString("0.0", CultureInfo.InvariantCulture)} us a step";
    }

    private static string Word(StepBound bound) => bound.ToString().ToLowerInvariant();

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Milliseconds(double seconds) =>
        (seconds * Milli).ToString(seconds * Milli < 0.01 ? "0.0000" : "0.000", CultureInfo.InvariantCulture);

    private static string Rate(double perSecond) => (perSecond / Giga).ToString(perSecond < 100 * Giga ? "0.00" : "N0",
        CultureInfo.InvariantCulture);

    private sealed record Result(
        string Model, string Device, string Description, int[] Input, int Classes, int Batch, bool Training, int Repetitions, string Clock,
        double PeakGflops, double PeakGigabytesPerSecond, double SumSeconds, double WholeSeconds, IReadOnlyList<Row> Layers,
        Precision Precision);

    private sealed record Row(
        string Layer, string Type, StepPass Pass, double Seconds, double Operations, long Bytes, double Gflops, double GigabytesPerSecond,
        StepBound Bound, double ShareOfPeak, IReadOnlyList<StepTime> Steps);
}
