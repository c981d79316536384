using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn eval</c></summary>
internal static class EvalCommand
{
    private const int DefaultBatch = 64;

    public static Command Create(CommandHost host)
    {
        Option<string?> weights = Options.Text("--weights", "FILE[,FILE]",
            "Weights files, or folders of runs; the class probabilities of several are averaged.");
        Option<string?> data = Options.Text("--data", "PATH",
            "Data set; measures its validation images, else those that training held out, else all.");
        Option<bool> all = Options.Flag("--all", "Measure all images, those that were trained on too.");
        Option<string?> split = Options.Text("--split", "train|val|test", "Measure these images of the data set.",
            name => ParseSplit(name));
        Option<string?> device = Options.Device;
        Option<Precision?> precision = Options.Precision("How the network computes.");
        Option<int?> batch = Options.Whole("--batch", $"Images of a batch. [default: {DefaultBatch}]");
        Option<int?> resizeTo = Options.ResizeTo("[default: as the weights file says]");
        Option<int?> crop = Options.Crop("Side of the input, of networks that take any. [default: the weights file's]");
        Option<bool> tenCrop = Options.Flag("--ten-crop",
            "Average the class probabilities of ten crops: the corners and the centre of the scaled image, and mirrored.");
        Option<bool> noExif = Options.NoExif;
        var feed = new FeedArguments();
        var outputs = new EvalOutputs();
        Option<string?> badImages = Options.BadImages;
        Option<bool> json = Options.Json;
        weights.Required = data.Required = true;
        var command = new Command("eval", "Measures accuracy and loss of trained weights on labelled images.") { weights, data, all,
            split, device, precision, batch, resizeTo, crop, tenCrop, noExif, badImages, json };
        foreach (Option option in outputs.All.Concat(feed.All)) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            EvaluationPart part = PartOf(parsed.GetValue(all), parsed.GetValue(split));
            Precision asked = parsed.GetValue(precision) ?? default;
            using Device on = Device.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto, new() { Precision = asked });
            string[] files = WeightsPath.ResolveAll(parsed.GetValue(weights)!);
            List<Model> models = [];
            try
            {
                foreach (string path in files)
                {
                    var model = Model.Load(path, on, side: parsed.GetValue(crop));
                    models.Add(model);
                    model.Precision = asked;
                    model.Preparation = Judged(model, parsed.GetValue(resizeTo), parsed.GetValue(noExif));
                }
                var located = ImageData.Open(parsed.GetValue(data)!);
                var bad = new BadImageLog(Options.ParseBadImages(parsed.GetValue(badImages)) ?? BadImagePolicy.Skip);
                var progress = new CheckProgress(host);
                var images = EvaluationImages.Choose(models, located, part, progress.Show);
                progress.Clear();
                Judgement judgement = new(models[0].Classes);
                EvaluationResult result = Model.Evaluate(models, images, new()
                {
                    Batch = parsed.GetValue(batch) ?? DefaultBatch,
                    TenCrops = parsed.GetValue(tenCrop),
                    BadImages = bad,
                    Feed = feed.Read(parsed),
                    Judged = judgement.Add,
                });
                var report = EvalReport.Of(result, images, models[0], files, judgement);
                if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(report));
                else
                {
                    report.Write(host.Output, models, located, images, on);
                    ClassTable.Write(host.Output, judgement);
                }
                outputs.Write(parsed, parsed.GetValue(json) ? TextWriter.Null : host.Output, result, judgement, images.Split,
                    report.Facts(models, located, images, on));
                // Not on standard output, which may be JSON that others read.
                foreach (BadImage image in bad.Found) host.Error.WriteLine($"Left out: {image.Reason}");
                return Program.Done;
            }
            finally
            {
                models.ForEach(model => model.Dispose());
            }
        });
        return command;
    }

    private static EvaluationPart PartOf(bool all, string? split) => (all, split) switch
    {
        (true, not null) => throw new UsageException("--all and --split exclude each other; leave one of them out."),
        (true, null) => EvaluationPart.All,
        (false, null) => EvaluationPart.Unseen,
        (false, { } name) => ParseSplit(name),
    };

    private static EvaluationPart ParseSplit(string name) => name switch
    {
        "train" => EvaluationPart.Training,
        "val" => EvaluationPart.Validation,
        "test" => EvaluationPart.Test,
        _ => throw new UsageException($"--split expects train, val or test, but got '{name}'."),
    };

    /// <summary>The preparation of a weights file, with the options in its place.</summary>
    private static ImagePreparation Judged(Model model, int? resizeTo, bool noExif)
    {
        int longer = Math.Max(model.Input.Height, model.Input.Width);
        if (resizeTo is not null && model.Preparation.Fit == ImageFit.Pad) throw new UsageException(
            "--val-resize goes with images that are resized, but these weights were trained on padded ones; leave it out.");
        if (resizeTo < longer) throw new UsageException(
            $"--val-resize expects at least the {longer} pixels of the input {model.Input}, but got {resizeTo}.");
        return model.Preparation with
        {
            ResizeTo = resizeTo ?? model.Preparation.ResizeTo,
            IgnoresExif = noExif || model.Preparation.IgnoresExif,
        };
    }
}
