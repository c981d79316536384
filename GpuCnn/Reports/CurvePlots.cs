using System.Xml.Linq;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>The curves of one run or of several, over steps.</summary>
internal static class CurvePlots
{
    public static IReadOnlyList<XElement> Of(params IReadOnlyList<RunLog> runs)
    {
        bool isAlone = runs.Count == 1;
        LinePlot loss = new("Loss", "step") { IsLogarithmic = true }, top1 = Share("Top-1"), top5 = Share("Top-5"),
            rate = new("Learning rate", "step"),
            speed = new("Training images a second", "step") { Range = (0, double.NaN) },
            waiting = new("Share of the time that waits for images", "step") { Format = "0.### %", Range = (0, double.NaN) };
        for (int i = 0; i < runs.Count; i++)
        {
            RunLog run = runs[i];
            // Alone, colours tell training and validation apart; of several, runs.
            string Name(string name) => isAlone ? name : run.Name;
            string? training = isAlone ? "training" : run.Epochs.Any(row => double.IsFinite(row.Loss)) ? null : run.Name,
                averaged = isAlone ? "moving average" : null;
            int train = isAlone ? 0 : i, judged = isAlone ? 1 : i, average = isAlone ? 2 : i;
            bool hasSteps = run.Steps.Count > 0, isDashed = !isAlone;
            loss.Add(training, Course(row => row.Loss, row => row.TrainLoss), train, isDashed, !hasSteps)
                .Add(Name("validation"), Epochs(run, row => row.Loss), judged, hasDots: true)
                .Add(averaged, Epochs(run, row => row.AverageLoss), average, hasDots: true);
            top1.Add(training, Epochs(run, row => row.TrainTop1), train, isDashed, hasDots: true)
                .Add(Name("validation"), Epochs(run, row => row.Top1), judged, hasDots: true)
                .Add(averaged, Epochs(run, row => row.AverageTop1), average, hasDots: true);
            top5.Add(Name("validation"), Epochs(run, row => row.Top5), judged, hasDots: true);
            rate.Add(Name("learning rate"), Course(row => row.LearningRate, row => row.LearningRate), i);
            speed.Add(Name("images a second"), Course(row => row.ImagesPerSecond, row => row.ImagesPerSecond), i);
            waiting.Add(Name("waiting"), Steps(run, row => row.WaitingShare), i);

            // Runs of older versions have no file of steps.
            IEnumerable<(double, double)> Course(Func<StepRow, double> ofStep, Func<EpochRow, double> ofEpoch) =>
                hasSteps ? Steps(run, ofStep) : Epochs(run, ofEpoch);
        }
        return [.. new[] { loss, top1, top5, rate, speed, waiting }.Where(plot => !plot.IsEmpty).Select(plot => Html.Figure(plot.ToSvg()))];
    }

    private static LinePlot Share(string title) => new(title, "step") { Format = "0.### %" };

    private static IEnumerable<(double, double)> Steps(RunLog run, Func<StepRow, double> value) =>
        run.Steps.Select(row => ((double)row.Step, value(row)));

    private static IEnumerable<(double, double)> Epochs(RunLog run, Func<EpochRow, double> value) =>
        run.Epochs.Select(row => (row.Step, value(row)));
}
