using System.CommandLine;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn data preview PATH OUT</c></summary>
internal static class DataPreviewCommand
{
    private const int DefaultRows = 8, DefaultColumns = 8, Most = 64;
    private const string DefaultAugmentation = "imagenet";
    private static readonly Shape DefaultInput = Shape.Volume(3, 224, 224);

    public static Command Create(CommandHost host)
    {
        var path = new Argument<string>("PATH") { Description = "Data set, as for `gpucnn train --data`." };
        var output = new Argument<string>("OUT") { Description = "Image file to write, such as sheet.png." };
        Option<string?> augmentation = Options.Text("--augment", "NAMES", $"As for `gpucnn train`. [default: {DefaultAugmentation}]",
            text => Augmentation.Parse(text));
        Option<Shape?> input = Options.InputOf(DefaultInput.ToString());
        Option<string?> fit = Options.Fit("[default: resize]");
        Option<int?> resizeTo = Options.ResizeTo("[default: the input's side]");
        Option<float?> mixup = Options.Mixup("[default: 0]"), cutmix = Options.CutMix("[default: 0]");
        Option<bool> noExif = Options.NoExif;
        Option<int?> rows = Options.Whole("--rows", $"Images to show. [default: {DefaultRows}]", maximum: Most);
        Option<int?> columns = Options.Whole(
            "--columns", "Pictures of each: as it is judged, then as it is trained on in one epoch after another. "
                + $"[default: {DefaultColumns}]",
            maximum: Most);
        Option<ulong?> seed = Options.Seed("That of a run whose draws to show. [default: 1]");
        var command = new Command("preview", "Writes a sheet of pictures as the network sees them.")
        {
            path, output, augmentation, input, fit, resizeTo, mixup, cutmix, noExif, rows, columns, seed,
        };
        command.SetAction(parsed =>
        {
            Shape shape = parsed.GetValue(input) ?? DefaultInput;
            LocatedDataset data = DatasetLocator.Open(parsed.GetValue(path)!);
            float[] zeros = new float[shape.Channels], ones = [.. Enumerable.Repeat(1f, shape.Channels)];
            ImagePreprocessor preprocessor = UsageException.Guard(() =>
                new ImagePreprocessor(shape, Options.ParseFit(parsed.GetValue(fit)) ?? ImageFit.Resize, zeros, ones)
                {
                    ResizeTo = parsed.GetValue(resizeTo) ?? 0,
                    AppliesOrientation = !parsed.GetValue(noExif),
                });
            Augmentation changes = Augmentation.Parse(parsed.GetValue(augmentation) ?? DefaultAugmentation, shape);
            BatchMixing? mixing = BatchMixing.Of(
                new TrainingSettings { Mixup = parsed.GetValue(mixup) ?? 0, CutMix = parsed.GetValue(cutmix) ?? 0 });
            PixelImage sheet = SampleSheet.Draw(
                data.HasTraining ? data.Train : data.Evaluation, shape, preprocessor, changes, mixing,
                parsed.GetValue(rows) ?? DefaultRows, parsed.GetValue(columns) ?? DefaultColumns, parsed.GetValue(seed) ?? 1);
            string target = parsed.GetValue(output)!;
            ImageFile.Write(target, sheet);
            host.Output.WriteLine($"{target}: {sheet}; each row an image of {data.Path}, first as it is judged, "
                + $"then by {changes}{(mixing is null ? "" : " and mixing")}");
            return Program.Done;
        });
        return command;
    }
}
