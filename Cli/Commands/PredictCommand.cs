using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn predict</c></summary>
internal static class PredictCommand
{
    private const int DefaultTop = 5;

    public static Command Create(CommandHost host)
    {
        Option<string?> weights = Options.Text("--weights", "FILE", "Weights file.");
        var images = new Argument<string[]>("IMAGE") { Description = $"Image files ({ImageFile.ReadableFormats}).", Arity = ArgumentArity.OneOrMore };
        Option<int?> top = Options.Whole("--top", $"Classes to show for each image. [default: {DefaultTop}]");
        Option<bool> logits = Options.Flag("--logits", "Also give the network's raw output, in class order.");
        Option<bool> noExif = Options.NoExif;
        Option<string?> device = Options.Device;
        Option<bool> json = Options.Json;
        weights.Required = true;
        var command = new Command("predict", "Says what is on images.") { weights, images, top, logits, noExif, device, json };
        command.SetAction(parsed =>
        {
            using Device on = DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto);
            using TrainedModel model = TrainedModel.Load(parsed.GetValue(weights)!, on);
            string[] files = parsed.GetValue(images)!;
            List<Row> rows = Predict(model, files, parsed.GetValue(top) ?? DefaultTop, parsed.GetValue(logits), parsed.GetValue(noExif),
                host.Error);
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(rows));
            else WriteText(host.Output, rows, model.Metadata.Classes);
            return rows.Count == files.Length ? Program.Done : Program.Failed;
        });
        return command;
    }

    /// <summary>Goes on past images that cannot be read, with a line for each.</summary>
    private static List<Row> Predict(TrainedModel model, string[] files, int top, bool withLogits, bool noExif, TextWriter error)
    {
        IReadOnlyList<string> classes = model.Metadata.Classes;
        var preprocessor = new ImagePreprocessor(noExif ? model.Metadata with { IgnoresExif = true } : model.Metadata);
        using Plan plan = model.CreatePlan(1);
        var batch = new Batch(model.Metadata.Input, 1) { Count = 1 };
        var logits = new float[classes.Count];
        List<Row> rows = [];
        foreach (string file in files)
        {
            try
            {
                preprocessor.Read(file, batch.Image(0));
            }
            catch (GpuCnnException exception)
            {
                error.WriteLine(Advice.Describe(exception));
                continue;
            }
            plan.Evaluate(batch);
            plan.ReadOutput(logits);
            double[] probabilities = Evaluation.Softmax(logits);
            var best = Enumerable.Range(0, classes.Count).OrderByDescending(k => probabilities[k]).Take(top)
                .Select(k => new Prediction(classes[k], k, probabilities[k])).ToList();
            rows.Add(new(file, best, withLogits ? [.. logits] : null));
        }
        return rows;
    }

    private static void WriteText(TextWriter output, List<Row> rows, IReadOnlyList<string> classes)
    {
        foreach (Row row in rows)
        {
            output.WriteLine(row.File);
            int width = row.Predictions.Max(prediction => prediction.Class.Length);
            foreach (Prediction prediction in row.Predictions) output.WriteLine($"  {prediction.Class.PadRight(width)}  {Words.Percent(prediction.Probability),7}");
            if (row.Logits != null) output.WriteLine($"  logits: {string.Join(", ", row.Logits.Select((logit, k) => $"{classes[k]} {logit:G6}"))}");
        }
    }

    private sealed record Row(string File, IReadOnlyList<Prediction> Predictions, float[]? Logits);

    private sealed record Prediction(string Class, int Index, double Probability);
}
