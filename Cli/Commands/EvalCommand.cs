using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn eval</c></summary>
internal static class EvalCommand
{
    private const int DefaultBatch = 64;

    public static Command Create(CommandHost host)
    {
        Option<string?> weights = Options.Text("--weights", "FILE[,FILE]", "Weights files; the class probabilities of several are averaged.");
        Option<string?> data = Options.Text("--data", "PATH", "Data set; its validation images where it keeps some apart, else all.");
        Option<string?> device = Options.Device;
        Option<int?> batch = Options.Whole("--batch", $"Images of a batch. [default: {DefaultBatch}]");
        Option<int?> resizeTo = Options.ResizeTo("[default: as the weights file says]");
        Option<int?> crop = Options.Crop("Side of the input, of networks that take any. [default: the weights file's]");
        Option<bool> tenCrop = Options.Flag("--ten-crop",
            "Average the class probabilities of ten crops: the corners and the centre of the scaled image, and mirrored.");
        Option<bool> noExif = Options.NoExif;
        var feed = new FeedArguments();
        Option<string?> badImages = Options.BadImages;
        Option<bool> json = Options.Json;
        weights.Required = data.Required = true;
        var command = new Command("eval", "Measures accuracy and loss of trained weights on labelled images.") { weights, data, device,
            batch, resizeTo, crop, tenCrop, noExif, badImages, json };
        foreach (Option option in feed.All) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            using Device on = DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto);
            List<TrainedModel> models = [];
            try
            {
                foreach (string path in Split(parsed.GetValue(weights)!)) models.Add(TrainedModel.Load(path, on, parsed.GetValue(crop)));
                foreach (TrainedModel other in models.Skip(1)) CheckAgreement(models[0], other);
                ModelMetadata metadata = Judged(models[0].Metadata, parsed.GetValue(resizeTo), parsed.GetValue(noExif));
                FeedOptions options = feed.Read(parsed).ToOptions();
                LocatedDataset located = DatasetLocator.Open(parsed.GetValue(data)!);
                var bad = new BadImageLog(Options.ParseBadImages(parsed.GetValue(badImages)) ?? BadImagePolicy.Skip);
                ImageSplit split = located.EvaluationFor(metadata.Classes);
                using var images = new ImageDataset(split, new ImagePreprocessor(metadata), options: options,
                    badImages: new(split, "evaluation", bad));
                EvaluationResult result = Evaluate(models, images, parsed.GetValue(batch) ?? DefaultBatch, parsed.GetValue(tenCrop));
                if (parsed.GetValue(json)) host.Output.WriteLine(Json.Of(result));
                else WriteText(host.Output, models, located, on, result);
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

    /// <summary>The preprocessing of a weights file, with what was asked for in place of it.</summary>
    private static ModelMetadata Judged(ModelMetadata metadata, int? resizeTo, bool noExif)
    {
        int longer = Math.Max(metadata.Input.Height, metadata.Input.Width);
        if (resizeTo != null && metadata.Fit == ImageFit.Pad) throw new UsageException(
            "--val-resize goes with images that are resized, but these weights were trained on padded ones; leave it out.");
        if (resizeTo < longer) throw new UsageException(
            $"--val-resize expects at least the {longer} pixels of the input {metadata.Input}, but got {resizeTo}.");
        return metadata with
        {
            ResizeTo = resizeTo ?? (metadata.ResizeTo >= longer ? metadata.ResizeTo : 0),
            IgnoresExif = noExif
            || metadata.IgnoresExif
        };
    }

    private static EvaluationResult Evaluate(List<TrainedModel> models, ImageDataset images, int batch, bool tenCrop)
    {
        const int Crops = ImageDataset.Crops;
        int size = tenCrop ? Math.Max(Crops, Math.Min(batch, images.Count * Crops) / Crops * Crops) : Math.Min(batch, images.Count);
        List<Plan> plans = [.. models.Select(model => model.CreatePlan(size))];
        try
        {
            if (tenCrop)
            {
                using IBatchReader reader = images.ReadTenCrops(size);
                return Evaluation.RunAveraged(plans, reader, Crops);
            }
            return plans is [var plan] ? Evaluation.Run(plan, images) : Evaluation.RunEnsemble(plans, images);
        }
        finally
        {
            plans.ForEach(plan => plan.Dispose());
        }
    }

    /// <summary>Averaging makes sense only where all see the same image and mean the same classes.</summary>
    private static void CheckAgreement(TrainedModel first, TrainedModel other)
    {
        ModelMetadata a = first.Metadata, b = other.Metadata;
        string? fault = !a.Classes.SequenceEqual(b.Classes) ? $"the same classes in the same order, but got {Some(a.Classes)} and {Some(b.Classes)}"
            : a.Input != b.Input ? $"one input volume, but got {a.Input} and {b.Input}"
            : a.Fit != b.Fit ? $"one way to fit images, but got {a.Fit} and {b.Fit}".ToLowerInvariant()
            : (a.ResizeTo, a.IgnoresExif) != (b.ResizeTo, b.IgnoresExif)
                ? $"one way to judge images, but they are scaled to {a.ResizeTo} and {b.ResizeTo} pixels or take EXIF differently"
            : !a.Mean.SequenceEqual(b.Mean) || !a.Std.SequenceEqual(b.Std) ? "one normalization, but their mean and std differ"
            : null;
        if (fault != null) throw new GpuCnnException($"Averaging '{first.Path}' and '{other.Path}' expects {fault}; evaluate them one at a time.");
    }

    private static void WriteText(TextWriter output, List<TrainedModel> models, LocatedDataset data, Device device, EvaluationResult result)
    {
        string what = models.Count == 1 ? models[0].Metadata.Model : $"average of {models.Count} ({string.Join(", ", models.Select(model => model.Metadata.Model).Distinct())})";
        output.WriteLine($"Model   {what}, input {models[0].Metadata.Input}");
        output.WriteLine($"Data    {data.Path}: {data.Description}");
        output.WriteLine($"Device  {device.Name}: {device.Description}");
        output.WriteLine($"Top-1   {Words.Percent(result.Top1)}");
        output.WriteLine($"Top-5   {Words.Percent(result.Top5)}");
        output.WriteLine($"Loss    {result.Loss:0.0000}");
        output.WriteLine($"Images  {Words.Number(result.Images)} in {Words.Seconds(result.Seconds)}, {Words.Rate(result.Images / result.Seconds)} a second");
    }

    /// <summary>Paths between commas; a comma that belongs to a file's name is left alone where there is such a file.</summary>
    private static string[] Split(string paths)
    {
        if (File.Exists(paths)) return [paths];
        string[] parts = paths.Split(',', StringSplitOptions.TrimEntries);
        return parts.All(part => part.Length > 0) ? parts : throw new UsageException($"--weights expects files between single commas, but got '{paths}'.");
    }

    private static string Some(IReadOnlyList<string> classes) => $"{classes.Count} ({string.Join(", ", classes.Take(3))}{(classes.Count > 3 ? ", ..." : "")})";
}
