using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn predict</c></summary>
internal static class PredictCommand
{
    private const int DefaultTop = 5;

    public static Command Create(CommandHost host)
    {
        Option<string?> weights = Options.Text("--weights", "FILE", "Weights file.");
        var images = new Argument<string[]>("IMAGE")
        {
            Description = $"Image files ({ImageFile.ReadableFormats}), or folders of them.",
            Arity = ArgumentArity.OneOrMore
        };
        Option<int?> top = Options.Whole("--top", $"Classes to show for each image. [default: {DefaultTop}]");
        Option<bool> logits = Options.Flag("--logits", "Also give the network's raw output, in class order.");
        Option<bool> noExif = Options.NoExif;
        Option<string?> device = Options.Device;
        Option<bool> json = Options.Json;
        weights.Required = true;
        var command = new Command("predict", "Says what is on images.") { weights, images, top, logits, noExif, device, json };
        command.SetAction(parsed =>
        {
            using Device on = Device.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto);
            using var model = Model.Load(parsed.GetValue(weights)!, on);
            if (parsed.GetValue(noExif)) model.Preparation = model.Preparation with { IgnoresExif = true };
            int skipped = 0, shown = parsed.GetValue(top) ?? DefaultTop;
            bool withLogits = parsed.GetValue(logits);
            List<Row> rows = [];
            // A folder stands for the images in it.
            foreach (string path in parsed.GetValue(images)!)
            {
                IReadOnlyList<ImagePrediction> predictions = Directory.Exists(path) ? model.PredictFolder(path, Skip)
                    : model.Predict([path], Skip);
                rows.AddRange(predictions.Select(prediction => new Row(
                    prediction.Name, [.. prediction.Classes.Take(shown)
                        .Select(best => new Prediction(best.Class, best.Index, best.Probability))],
                    withLogits ? prediction.Logits : null)));
            }
            if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(rows));
            else WriteText(host.Output, rows, model.Classes);
            return skipped == 0 ? Program.Done : Program.Failed;

            // Goes on past images that cannot be read, with a line for each.
            void Skip(string file, GpuCnnException reason)
            {
                skipped++;
                host.Error.WriteLine(Advice.Describe(reason));
            }
        });
        return command;
    }

    private static void WriteText(TextWriter output, List<Row> rows, IReadOnlyList<string> classes)
    {
        foreach (Row row in rows)
        {
            output.WriteLine(row.File);
            int width = row.Predictions.Max(prediction => prediction.Class.Length);
            foreach (Prediction prediction in row.Predictions) output.WriteLine($"  {prediction.Class.PadRight(width)}  "
                + $"{Words.Percent(prediction.Probability),7}");
            if (row.Logits is not null) output.WriteLine(
                $"  logits: {string.Join(", ", row.Logits.Select((logit, k) => $"{classes[k]} {logit:G6}"))}");
        }
    }

    private sealed record Row(string File, IReadOnlyList<Prediction> Predictions, IReadOnlyList<float>? Logits);

    private sealed record Prediction(string Class, int Index, double Probability);
}
