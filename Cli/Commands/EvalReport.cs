using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;

namespace GpuCnn.Cli.Commands;

/// <summary>What <c>eval</c> prints. As JSON, parts that are not known or say nothing are left out.</summary>
/// <param name="Top1">Share of images whose likeliest class is right.</param>
/// <param name="Top1Interval">Where <see cref="Top1"/> lies with 95 % confidence; of few images.</param>
/// <param name="Top5">Share of images whose five likeliest classes have the right one; of six classes and more.</param>
/// <param name="Loss">Mean over the images.</param>
/// <param name="Images">Number of images measured.</param>
/// <param name="Seconds">Time taken.</param>
/// <param name="Measured">Which images: validation, heldOut, all, training or test.</param>
/// <param name="Available">Images for training and validation in the data set.</param>
/// <param name="TrainedShare">Share of the measured images that the weights were trained on.</param>
/// <param name="Weights">Files.</param>
/// <param name="Macro">Means over the classes.</param>
/// <param name="Weighted">Means over the classes, each counted as often as it has images.</param>
/// <param name="Classes">The classes, those with the lowest F1 first.</param>
/// <param name="ComputePrecision">How the network computed.</param>
internal sealed record EvalReport(
    double Top1, WilsonInterval? Top1Interval, double? Top5, double Loss, int Images, double Seconds, string Measured, int Available,
    double? TrainedShare, IReadOnlyList<string> Weights, EvalReport.Average Macro, EvalReport.Average Weighted,
    IReadOnlyList<EvalReport.ClassRow> Classes, Precision ComputePrecision)
{
    public static EvalReport Of(
        EvaluationResult result, EvaluationImages images, Model model, IReadOnlyList<string> weights, Judgement judgement) => new(
        result.Top1, WilsonInterval.OfFew(result), Words.HasTop5(model.Classes.Count) ? result.Top5 : null, result.Loss, result.Images,
        result.Seconds, Name(images), images.Available, images.TrainedShare, weights, Average.Of(judgement.Matrix.MacroAverage()),
        Average.Of(judgement.Matrix.WeightedAverage()),
        [.. judgement.WorstFirst().Select(row => new ClassRow(judgement.Classes[row.Class], row.Quality.Precision, row.Quality.Recall,
            row.Quality.F1, row.Quality.Support, row.Quality.Predicted))], model.Precision);

    /// <summary>Writes the report as text.</summary>
    public void Write(TextWriter output, List<Model> models, ImageData data, EvaluationImages images, Device device)
    {
        foreach ((string name, string value) in Facts(models, data, images, device)) output.WriteLine($"{name,-7} {value}");
        output.WriteLine($"Top-1   {Words.Percent(Top1)}{(Top1Interval is { } interval ? $" ({Words.Interval(interval)})" : "")}");
        if (Top5 is { } top5) output.WriteLine($"Top-5   {Words.Percent(top5)}");
        output.WriteLine($"Loss    {Loss:0.0000}");
        output.WriteLine($"Images  {Words.Number(Images)} in {Words.Seconds(Seconds)}, {Words.Rate(Images / Seconds)} a second");
    }

    /// <summary>What was measured, and where.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts(
        List<Model> models, ImageData data, EvaluationImages images, Device device)
    {
        string what = models.Count == 1 ? models[0].Name
            : $"average of {models.Count} ({string.Join(", ", models.Select(model => model.Name).Distinct())})";
        return
        [
            ("Model", $"{what}, input {models[0].Input}"), ("Weights", string.Join(", ", Weights)),
            ("Data", $"{data.Path}: {data.Description}"),
            ("Split", Describe(images)), ("Device", $"{device.Name}: {device.Description}; {ComputePrecision.Name()}"),
        ];
    }

    private static string Name(EvaluationImages images) => images.AreHeldOut ? "heldOut" : images.Part switch
    {
        EvaluationPart.Test => "test",
        EvaluationPart.Training => "training",
        EvaluationPart.All => "all",
        _ => images.IsWhole ? "all" : "validation",
    };

    private static string Describe(EvaluationImages images)
    {
        string count = Words.Number(images.Split.Count), available = Words.Number(images.Available);
        if (images.AreHeldOut)
        {
            string missing = images.Validated is { } validated && validated > images.Split.Count
                ? $"{count} of the {Words.Number(validated)}" : $"the {count}";
            string all = images.Split.Count < images.Available ? $", of {available} here; --all measures all" : "";
            return $"{missing} {(images.Split.Count == 1 ? "image" : "images")} that training validated on{all}";
        }
        string trained = images.TrainedShare switch
        {
            null => "",
            0 => images.IsEstimate ? "" : "; none of them were trained on",
            { } share => $"; {(images.IsEstimate ? "about " : "")}{Words.Percent(share)} of them were trained on",
        };
        return images.Part switch
        {
            EvaluationPart.Test => $"the {Words.Count(images.Split.Count, "test image", "test images")}",
            EvaluationPart.Training => $"the {Words.Count(images.Split.Count, "training image", "training images")}{trained}",
            _ when !images.IsWhole => $"the {Words.Count(images.Split.Count, "validation image", "validation images")}",
            _ => $"all {Words.Count(images.Split.Count, "image", "images")}{trained}",
        };
    }

    internal sealed record Average(double Precision, double Recall, double F1)
    {
        public static Average Of(ClassQuality quality) => new(quality.Precision, quality.Recall, quality.F1);
    }

    internal sealed record ClassRow(string Name, double Precision, double Recall, double F1, long Images, long Predicted);
}
