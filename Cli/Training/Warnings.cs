using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Losses;

namespace GpuCnn.Cli.Training;

/// <summary>Says where a run's accuracy means little.</summary>
internal static class Warnings
{
    private const int ClassesNamed = 3;

    /// <summary>A loss that falls by less has not fallen: sums in another order differ too.</summary>
    private const double LeastFall = 0.001;

    /// <summary>What is wrong with the data before the first step: a single class, classes with one training image or none, and
    /// validation images that the starting weights know.</summary>
    public static void WriteOfData(TextWriter output, TrainingRun run)
    {
        foreach (string warning in OfData(run.Data)) Write(output, warning);
        if (run.ValidationSeenBefore > 0)
            Write(output, $"{Words.Percent(run.ValidationSeenBefore)} of the validation images were trained on before, "
                + "by the weights that this run starts from");
    }

    /// <summary>What is wrong after the last step: the same, and a loss that never fell.</summary>
    public static void WriteOfRun(TextWriter output, TrainingRun run)
    {
        WriteOfData(output, run);
        if (run.Directory is { } directory && LossNeverFell(TrainLosses(directory.MetricsPath), Guessing(run)) is { } than)
            Write(output, $"no epoch's training loss was below {than}; try another --lr");
    }

    /// <summary>
    /// The loss that no epoch came below, in words: that of guessing, or after two epochs and more that of the first. Null if one did.
    /// </summary>
    /// <param name="losses">Mean training loss of each epoch.</param>
    /// <param name="guessing">The loss without any knowledge of the images; null if that is not known.</param>
    internal static string? LossNeverFell(IReadOnlyList<double> losses, double? guessing)
    {
        if (losses.Count < 2) return null;
        if (guessing is { } level && losses.All(loss => IsNotBelow(loss, level)))
            return string.Create(CultureInfo.InvariantCulture, $"{level:0.000}, that of guessing by the size of each class");
        return losses.Skip(1).All(loss => IsNotBelow(loss, losses[0]))
            ? string.Create(CultureInfo.InvariantCulture, $"{losses[0]:0.000}, that of the first") : null;

        static bool IsNotBelow(double loss, double level) => loss > level - LeastFall * Math.Abs(level);
    }

    /// <summary>
    /// The cross-entropy of guessing each class by its share of the training images, -Σ p log p; null with another loss, and with training
    /// heads, whose losses are added.
    /// </summary>
    private static double? Guessing(TrainingRun run)
    {
        if (run.Settings.Loss is not SoftmaxCrossEntropy || run.Model.Network.Graph.Heads.Count > 0) return null;
        double images = run.Data.Training.Count;
        double[] shares = [.. run.Data.Training.CountPerClass().Where(count => count > 0).Select(count => count / images)];
        return shares.Length < 2 ? null : -shares.Sum(share => share * Math.Log(share));
    }

    internal static IEnumerable<string> OfData(ImageData data)
    {
        if (data.Classes.Count == 1) yield return "there is one class only, so that every answer is right and accuracy says nothing";
        int[] counts = data.Training.CountPerClass();
        foreach ((int count, string images) in new[] { (1, "a single training image"), (0, "no training image") })
        {
            string[] names = [.. data.Classes.Where((_, label) => counts[label] == count)];
            if (names.Length == 0) continue;
            string named = string.Join(", ", names.Take(ClassesNamed)) + (names.Length > ClassesNamed ? ", ..." : "");
            yield return $"{Words.Count(names.Length, "class has", "classes have")} {images} ({named})";
        }
    }

    /// <summary>The training loss of each epoch, of the metrics of a run; none if they cannot be read.</summary>
    private static List<double> TrainLosses(string metrics)
    {
        try
        {
            string[] lines = File.ReadAllLines(metrics);
            int column = lines.Length == 0 ? -1 : Array.IndexOf(lines[0].Split(','), "trainLoss");
            return column < 0 ? [] : [.. lines.Skip(1).Select(line => line.Split(',').ElementAtOrDefault(column))
                .Where(text => !string.IsNullOrEmpty(text)).Select(text => double.Parse(text!, CultureInfo.InvariantCulture))];
        }
        // The metrics are somebody else's to repair; training is done all the same.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return [];
        }
    }

    private static void Write(TextWriter output, string warning) => output.WriteLine($"Warning   {warning}");
}
