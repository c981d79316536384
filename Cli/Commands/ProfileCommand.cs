using System.CommandLine;
using System.Text;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn profile</c></summary>
internal static class ProfileCommand
{
    private const string StandardOutput = "-";
    private const int DefaultBatch = 32, DefaultRepetitions = 5, MostRepetitions = 10_000;

    public static Command Create(CommandHost host)
    {
        Argument<string> model = Options.ModelArgument;
        Option<Shape?> input = Options.Input;
        Option<int?> classes = Options.Whole("--classes", "Classes to tell apart. [default: the model's own]");
        Option<int?> batch = Options.Whole("--batch", $"Images of a batch. [default: {DefaultBatch}]");
        Option<string?> device = Options.Device;
        Option<Precision?> precision = Options.Precision("How the steps compute.");
        Option<bool> inference = Options.Flag("--inference", "Measure the forward pass alone, as predicting runs it.");
        Option<int?> repetitions = Options.Whole("--repetitions",
            $"Measurements of each step, at least; more until a second has gone by. [default: {DefaultRepetitions}]",
            maximum: MostRepetitions);
        Option<string?> json = Options.Text("--json", "FILE", $"Also write the results to this file as JSON; {StandardOutput} writes only "
            + "JSON, to standard output.");
        Option<string?> trace = Options.Text("--trace", "FILE",
            "Also write a trace of the steps, which chrome://tracing and ui.perfetto.dev show.");
        var command = new Command("profile", "Measures the time of each layer and pass of a model on a device, and says what bounds it.")
        {
            model, input, classes, batch, device, precision, inference, repetitions, json, trace,
        };
        command.SetAction(parsed =>
        {
            Architecture architecture = Architecture.Find(parsed.GetRequiredValue(model));
            Network network = UsageException.Guard(() => architecture.Build(parsed.GetValue(input), parsed.GetValue(classes)));
            int images = parsed.GetValue(batch) ?? DefaultBatch, fewest = parsed.GetValue(repetitions) ?? DefaultRepetitions;
            (string? file, string? traceFile) = (parsed.GetValue(json), parsed.GetValue(trace));
            // A minute of measuring is not lost to a misspelt folder.
            foreach (string path in new[] { file, traceFile }.OfType<string>().Where(path => path != StandardOutput))
                OutputFile.Check(path);
            if (traceFile == StandardOutput) throw new UsageException("--trace expects a file, but got '-'.");
            Precision asked = parsed.GetValue(precision) ?? default;
            using Device on = DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto, new() { Precision = asked });
            IReadOnlyDictionary<string, string> algorithms = AlgorithmTable.Load(on).Algorithms;
            TrainingSettings settings = architecture.Recipe.Settings with { Batch = images, Precision = asked };
            StepTimes times = parsed.GetValue(inference)
                ? StepTimes.Measure(network, on, new() { Images = images, Algorithms = algorithms, Precision = asked }, fewest)
                : StepTimes.MeasureTraining(network, on, settings, algorithms, fewest);
            var report = new ProfileReport(network, on, asked, times, DevicePeaks.Measure(on, asked), parsed.GetValue(inference));
            if (file == StandardOutput) host.Output.WriteLine(Json.Of(report.ToJson()));
            else report.Write(host.Output);
            if (file is not (null or StandardOutput))
                AtomicFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(Json.Of(report.ToJson()) + "\n")));
            if (traceFile is not null)
            {
                StepTrace.Write(traceFile, times, report.Peaks, report.Title);
                if (file != StandardOutput) host.Output.WriteLine($"\nTrace     {traceFile}; open it in https://ui.perfetto.dev");
            }
            return Program.Done;
        });
        return command;
    }
}
