using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Commands;

/// <summary>The results of <c>gpucnn lr-find</c>, as text and as JSON.</summary>
internal sealed record RangeReport(Model Model, TrainRequest Request, FitOptions Fit, LearningRateRange Range)
{
    private const int WidestPlot = 72, PlotRows = 10, NarrowestPlot = 30;

    public string Title => $"{Model.Name} on {Model.Device.Name}, steps of {Fit.EffectiveBatch} images, {Fit.Optimizer.Name}";

    public void Write(TextWriter output, bool isPlain)
    {
        LineWrap.Write(output, Title);
        RangePoint last = Range.Points[^1];
        LineWrap.Write(output, $"{Words.Count(Range.Points.Count, "step", "steps")} from {Rate(Range.Points[0].LearningRate)} to "
            + $"{Rate(last.LearningRate)}"
            + (Range.Exploded ? $", where the loss exploded: {LearningRateRange.Explosion:0} times its lowest, or not finite" : ""));
        output.WriteLine();
        int width = Math.Min(WidestPlot, LineWrap.WidthOf(output) - 1);
        if (width >= NarrowestPlot) WritePlot(output, width, isPlain);
        if (Range is { Suggestion: { } rate, TenthOfLowest: { } tenth, Lowest: { } lowest })
        {
            LineWrap.Write(output, $"Steepest  {Rate(rate)}: the loss falls fastest here");
            string loss = lowest.Smoothed.ToString("0.000", CultureInfo.InvariantCulture);
            LineWrap.Write(output, $"Lowest    {Rate(lowest.LearningRate)}, smoothed loss {loss}; "
                + $"a tenth of it is {Rate(tenth)}");
            output.WriteLine($"\nTry next\n  gpucnn train {Options(rate)}");
        }
        else
        {
            LineWrap.Write(output, "The loss never fell, so that there is no rate to suggest; try a lower --from, more --steps or a "
                + "larger --batch.");
        }
    }

    public object ToJson() => new Result(
        Model.Name, Model.Device.Name, Fit.EffectiveBatch, Fit.Optimizer.Name, Range.Exploded, Range.Suggestion, Range.TenthOfLowest,
        Range.Points);

    /// <summary>Options that go with the rate: it belongs to a model, a batch and weights.</summary>
    private string Options(float rate) => string.Join(' ',
    [
        $"--model {Model.Name}", .. Request.Data is { } data ? [$"--data {ShownPath.Of(data)}"] : (string[])[],
        .. Request.Weights is { } weights ? [$"--weights {ShownPath.Of(weights)}"] : (string[])[], $"--batch {Fit.Batch}",
        $"--lr {Rate(rate)}",
    ]);

    private void WritePlot(TextWriter output, int width, bool isPlain)
    {
        // A curve that explodes would hide the fall before it: what is above twice the loss before it stays at the edge.
        double ceiling = 2 * Range.Points.Where(point => point.Step <= Range.Lowest!.Step).Max(point => point.Smoothed);
        double[] losses = [.. Range.Points.Select(point => Math.Min(point.Smoothed, ceiling))];
        foreach (string line in TextPlot.Labelled(losses, width, PlotRows, isPlain)) output.WriteLine(line);
        (string first, string last) = (Rate(Range.Points[0].LearningRate), Rate(Range.Points[^1].LearningRate));
        const string Name = "smoothed loss over the learning rate (logarithmic)";
        string axis = first.Length + Name.Length + last.Length + 4 <= width ? Name : "learning rate";
        int gap = Math.Max(2, width - first.Length - axis.Length - last.Length);
        output.WriteLine($"{first}{new string(' ', gap / 2)}{axis}{new string(' ', gap - gap / 2)}{last}");
        output.WriteLine();
    }

    private static string Rate(float rate) => rate.ToString("G2", CultureInfo.InvariantCulture);

    private sealed record Result(
        string Model, string Device, int Batch, string Optimizer, bool Exploded, float? Suggestion, float? TenthOfLowest,
        IReadOnlyList<RangePoint> Points);
}
