using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Cli.Prediction;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn predict</c></summary>
internal static class PredictCommand
{
    private const int DefaultTop = 5;

    public static Command Create(CommandHost host)
    {
        Option<string?> weights = Options.Text("--weights", "FILE", "Weights file, or the folder of a run.");
        var images = new Argument<string[]>("IMAGE")
        {
            Description = $"Image files ({ImageFile.ReadableFormats}), folders of them with the folders in these, patterns in quotes "
                + "(*, ?, ** for any folders), or - for names on standard input, one a line.",
            Arity = ArgumentArity.OneOrMore
        };
        Option<int?> top = Options.Whole("--top", $"Classes to show for each image. [default: {DefaultTop}]");
        Option<int?> batch = Options.Whole("--batch",
            $"Images computed together; results come batch by batch. [default: {Model.PredictionBatch}]");
        Option<bool> logits = Options.Flag("--logits", "Also give the network's raw output, in class order.");
        Option<bool> csv = Options.Flag("--csv", "Write CSV instead of text: file, class, index, probability, then those of the next "
            + "classes (class_2, index_2, ...).");
        Option<bool> zero = Options.Flag("--null", "Names on standard input end with a zero byte, as find -print0 writes them.");
        Option<bool> noExif = Options.NoExif;
        Option<string?> device = Options.Device;
        Option<Precision?> precision = Options.Precision("How the network computes.");
        Option<bool> json = Options.Json;
        zero.Aliases.Add("-0");
        weights.Required = true;
        var command = new Command("predict", "Says what is on images.")
        {
            weights, images, top, batch, logits, csv, json, zero, noExif, device, precision,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(csv) && parsed.GetValue(json))
                throw new UsageException("predict writes either CSV or JSON, but got --csv and --json; leave one of them out.");
            string[] named = parsed.GetValue(images)!;
            int inputs = named.Count(name => name == ImageArguments.StandardInput);
            if (inputs > 1)
                throw new UsageException($"predict reads standard input once, but got {inputs} times -; leave all but one out.");
            if (parsed.GetValue(zero) && inputs == 0)
                throw new UsageException("--null is about names on standard input, but no - asks for any; add it, or leave --null out.");
            Precision asked = parsed.GetValue(precision) ?? default;
            using Device on = Device.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto, new() { Precision = asked });
            using var model = Model.Load(WeightsPath.Resolve(parsed.GetValue(weights)!), on);
            model.Precision = asked;
            if (parsed.GetValue(noExif)) model.Preparation = model.Preparation with { IgnoresExif = true };

            int done = 0, skipped = 0, shown = Math.Min(parsed.GetValue(top) ?? DefaultTop, model.Classes.Count);
            bool withLogits = parsed.GetValue(logits);
            // On a terminal, the results are the progress.
            CheckProgress? progress = host is { IsErrorTerminal: true, IsTerminal: false } ? new(host with { IsTerminal = true }) : null;
            var files = ImageArguments.Read(named, host.Input, parsed.GetValue(zero) ? '\0' : '\n', Skip);
            PredictionWriter writer = parsed.GetValue(json) ? new JsonPredictions(host.Output)
                : parsed.GetValue(csv) ? new CsvPredictions(host.Output, shown, model.Classes, withLogits)
                : new TextPredictions(host.Output, model.Classes);
            foreach (ImagePrediction prediction in model.PredictEach(files.Files, Skip, parsed.GetValue(batch) ?? Model.PredictionBatch))
            {
                writer.Write(PredictionRow.Of(prediction, shown, withLogits));
                done++;
                progress?.Show(done + skipped, files.Count);
            }
            progress?.Clear();
            if (done + skipped == 0) throw new GpuCnnException("Standard input named no images; expected a path in each line.");
            writer.End();
            if (skipped > 1) host.Error.WriteLine($"Left out {Words.Number(skipped)} of {Words.Number(done + skipped)}, as said above.");
            return skipped == 0 ? Program.Done : Program.Failed;

            // Goes on past images that cannot be read, with a line for each.
            void Skip(string file, GpuCnnException reason)
            {
                skipped++;
                progress?.Clear();
                host.Error.WriteLine(Advice.Describe(reason));
            }
        });
        return command;
    }
}
