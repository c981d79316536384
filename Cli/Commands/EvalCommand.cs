using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Training;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn eval</c></summary>
internal static class EvalCommand
{
    private const int DefaultBatch = 64;

    public static Command Create(CommandHost host)
    {
        Option<string?> weights = Options.Text("--weights", "FILE[,FILE]",
            "Weights files; the class probabilities of several are averaged.");
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
            using Device on = Device.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto);
            List<Model> models = [];
            try
            {
                foreach (string path in Split(parsed.GetValue(weights)!))
                {
                    var model = Model.Load(path, on, side: parsed.GetValue(crop));
                    models.Add(model);
                    model.Preparation = Judged(model, parsed.GetValue(resizeTo), parsed.GetValue(noExif));
                }
                var located = ImageData.Open(parsed.GetValue(data)!);
                var bad = new BadImageLog(Options.ParseBadImages(parsed.GetValue(badImages)) ?? BadImagePolicy.Skip);
                EvaluationResult result = Model.Evaluate(models, located, new()
                {
                    Batch = parsed.GetValue(batch) ?? DefaultBatch,
                    TenCrops = parsed.GetValue(tenCrop),
                    BadImages = bad,
                    Feed = feed.Read(parsed),
                });
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

    private static void WriteText(TextWriter output, List<Model> models, ImageData data, Device device, EvaluationResult result)
    {
        string what = models.Count == 1 ? models[0].Name
            : $"average of {models.Count} ({string.Join(", ", models.Select(model => model.Name).Distinct())})";
        output.WriteLine($"Model   {what}, input {models[0].Input}");
        output.WriteLine($"Data    {data.Path}: {data.Description}");
        output.WriteLine($"Device  {device.Name}: {device.Description}");
        output.WriteLine($"Top-1   {Words.Percent(result.Top1)}");
        output.WriteLine($"Top-5   {Words.Percent(result.Top5)}");
        output.WriteLine($"Loss    {result.Loss:0.0000}");
        output.WriteLine($"Images  {Words.Number(result.Images)} in {Words.Seconds(result.Seconds)}, "
            + $"{Words.Rate(result.Images / result.Seconds)} a second");
    }

    /// <summary>Splits paths at commas, unless a file has that whole name.</summary>
    private static string[] Split(string paths)
    {
        if (File.Exists(paths)) return [paths];
        string[] parts = paths.Split(',', StringSplitOptions.TrimEntries);
        return parts.All(part => part.Length > 0) ? parts
            : throw new UsageException($"--weights expects files between single commas, but got '{paths}'.");
    }
}
