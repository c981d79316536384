using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Training;

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
            string accuracy = last.Validation is { } validation
                ? $"{Words.Percent(validation.Top1)} of {Words.Count(validation.Images, "validation image", "validation images")} right, "
                + $"loss {validation.Loss:0.000}"
                : $"{Words.Percent(last.TrainTop1)} of the training images right in the last epoch, loss {last.TrainLoss:0.000}; "
                + "there are no validation images";
            output.WriteLine($"Accuracy  {accuracy}");
            output.WriteLine($"Time      {Words.Seconds(last.Seconds)} on {run.Model.Device.Name}");
            if (last.WaitingShare >= NotableWaiting)
                output.WriteLine($"Waiting   {100 * last.WaitingShare:0} % of the last epoch's steps waited for images; "
                    + "try more --workers, or --cache with a larger --cache-size");
        }
        if (run.BadImages.Found is { Count: > 0 } bad)
            output.WriteLine($"Left out  {Words.Count(bad.Count, "image", "images")} that could not be read, "
                + $"named in {run.BadImages.Path}");
        output.WriteLine($"Weights   {outcome.WeightsPath}");
        output.WriteLine("\nTry next");
        string weights = Words.Quote(outcome.WeightsPath!), data = Words.Quote(run.Config.Validation ?? run.Config.Data);
        ImageSplit images = run.Data.Evaluation;
        string image = images.IsInMemory ? "IMAGE.png" : Words.Quote(images.Name(0));
        output.WriteLine($"  gpucnn predict --weights {weights} {image}");
        output.WriteLine($"  gpucnn eval --weights {weights} --data {data}");
        output.WriteLine($"  gpucnn summary {run.Config.Model}");
        if (run.Config.Data == ImageData.DemoFolder) output.WriteLine("  gpucnn train --model lenet5 --data DIR");
    }
}
