using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;

namespace GpuCnn.Cli.Training;

/// <summary>Writes how a run ended, and what to try next.</summary>
internal static class Conclusion
{
    /// <summary>A smaller share is not mentioned.</summary>
    private const double NotableWaiting = 0.25;

    public static void Write(TextWriter output, TrainingRun run, TrainingOutcome outcome)
    {
        output.WriteLine();
        if (outcome.Last is { } last)
        {
            string accuracy = last.Validation is { } validation ? Describe(validation)
                : $"{Words.Percent(last.TrainTop1)} of the training images right in the last epoch, loss {last.TrainLoss:0.000}; "
                + "there are no validation images";
            output.WriteLine($"Accuracy  {accuracy}");
            if (outcome.Best is { } best)
                output.WriteLine($"Best      {Words.Percent(best.Top1)} after epoch {best.Epoch}, loss {best.Loss:0.000}");
            if (outcome.End == TrainingEnd.StoppedEarly)
                output.WriteLine("Ended     early: validation had not become better for "
                    + Words.Count(run.Settings.EarlyStop, "epoch", "epochs"));
            if (outcome.End == TrainingEnd.TimeLimit)
                output.WriteLine($"Ended     by the time limit of {run.Settings.TimeLimit}, after step {Words.Number(outcome.Step)} of "
                    + $"{Words.Number(run.TotalSteps)}; the rest: gpucnn train --resume {ShownPath.Of(run.Directory!.Path)}");
            output.WriteLine($"Time      {Words.Seconds(last.Seconds)} on {run.Model.Device.Name}");
            if (last.WaitingShare >= NotableWaiting)
                output.WriteLine($"Waiting   {100 * last.WaitingShare:0} % of the last epoch's steps waited for images; "
                    + "try more --workers, or --cache with a larger --cache-size");
        }
        if (run.BadImages.Found is { Count: > 0 } bad)
            output.WriteLine($"Left out  {Words.Count(bad.Count, "image", "images")} that could not be read, "
                + $"named in {run.BadImages.Path}");
        Warnings.WriteOfRun(output, run);
        output.WriteLine(outcome.BestPath is null ? $"Weights   {outcome.WeightsPath}"
            : $"Weights   {outcome.BestPath} of the best epoch, {outcome.WeightsPath} of the last");
        if (File.Exists(Path.Combine(run.Directory!.Path, RunReport.FileName)))
            output.WriteLine($"Report    {Path.Combine(run.Directory.Path, RunReport.FileName)}");
        output.WriteLine("\nTry next");
        foreach (string command in Commands(run, outcome.BestPath ?? outcome.WeightsPath!)) output.WriteLine($"  gpucnn {command}");
        if (run.Config.Data == ImageData.DemoFolder)
            output.WriteLine("\nYour own pictures: put those of each class into a folder named like it, all in one folder, "
                + "and name that one with --data.");
    }

    private static string Describe(EvaluationResult validation)
    {
        string interval = WilsonInterval.OfFew(validation) is { } range ? $" ({Words.Interval(range)})" : "";
        return $"{Words.Percent(validation.Top1)}{interval} of {Words.Count(validation.Images, "validation image", "validation images")} "
            + $"right, loss {validation.Loss:0.000}";
    }

    /// <summary>Commands that run as they are, from the current folder. They use images that the run did not train on.</summary>
    private static IEnumerable<string> Commands(TrainingRun run, string weightsPath)
    {
        string weights = ShownPath.Of(weightsPath), data = ShownPath.Of(run.Data.ValidationPath ?? run.Data.Path!);
        if (run.Data.Validation is { } unseen)
        {
            // Images in shards and in files with many have no path of their own.
            if (!unseen.IsInMemory && File.Exists(unseen.Name(0)))
                yield return $"predict --weights {weights} {ShownPath.Of(unseen.Name(0))}";
            yield return $"eval --weights {weights} --data {data}";
        }
        if (HasOwnTest(run.Data.Located)) yield return $"eval --weights {weights} --data {ShownPath.Of(run.Data.Path!)} --split test";
        yield return $"summary {run.Config.Model}";
    }

    /// <summary>Whether there are test images of the same classes beside those that the run validated on.</summary>
    private static bool HasOwnTest(LocatedDataset data)
    {
        try
        {
            return data.HasTest && data.Test is var test && (data.Validation is null || test.Count != data.Validation.Count
                || test.Name(0) != data.Validation.Name(0));
        }
        // Training does not need them; whoever measures them is told.
        catch (GpuCnnException)
        {
            return false;
        }
    }
}
