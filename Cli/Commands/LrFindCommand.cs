using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn lr-find</c></summary>
internal static class LrFindCommand
{
    /// <summary>
    /// Settings that say how long a run is, what it saves and at which rate: the test has its own, or none. The precision has an option
    /// beside the device's.
    /// </summary>
    private static readonly string[] NotOfTheTest =
    [
        "epochs", "steps", "schedule-steps", "early-stop", "time-limit", "unfreeze-at", "lr", "ema", "save-every", "save-every-minutes",
        "keep", "sync-bn", "precision",
    ];

    public static Command Create(CommandHost host)
    {
        var arguments = new TrainingArguments();
        var settings = new SettingOptions(NotOfTheTest, exceptSets: [nameof(TrainingSettings.Schedule)]);
        (Setting Setting, Option<string?> Option)[] test = [.. Settings.Of(typeof(RangeTestOptions)).Select(setting => (setting,
            SettingText.Option(setting, $"{setting.Description} [default: {Setting.Format(setting.Get(new RangeTestOptions()))}]",
                text => _ = SettingText.Parse(setting, text))))];
        Option<string?> plot = Options.Text("--plot", "FILE", "Also write the plot, as SVG or as a page: .svg or .html.", CheckPlot);
        Option<bool> json = Options.Json;
        var command = new GroupedCommand("lr-find",
            "Finds a learning rate: trains a few steps at rising rates, shows how the loss goes, and keeps no weights.",
        [
            arguments.ModelGroup, arguments.DataGroup, arguments.ImagesGroup(judges: false),
            new("Test", [.. test.Select(option => option.Option), plot, json]),
            new("Run", [arguments.Device, arguments.Threads, arguments.Precision, arguments.FixedBatch]), .. settings.Groups,
        ]);
        command.SetAction(parsed =>
        {
            RangeTestOptions options = Settings.With(new RangeTestOptions(),
                test.Where(option => parsed.GetValue(option.Option) is not null)
                .ToDictionary(option => option.Setting.Name,
                    option => (object?)SettingText.Parse(option.Setting, parsed.GetValue(option.Option)!)));
            if (options.From >= options.To) throw new UsageException(FormattableString.Invariant(
                $"--from expects a rate below that of --to, {options.To}, but got {options.From}."));
            TrainRequest request = arguments.Read(parsed, settings);
            string? file = parsed.GetValue(plot);
            if (file is not null) OutputFile.Check(file);
            Run(host, request, options, parsed.GetValue(json), file);
            return Program.Done;
        });
        return command;
    }

    private static void Run(CommandHost host, TrainRequest request, RangeTestOptions options, bool isJson, string? file)
    {
        using Device device = Device.Open(request.Device ?? DeviceCatalog.Auto,
            new() { Threads = request.Threads, Precision = request.Precision });
        var setup = new TrainingSetup(request, Communicator.Alone);
        ImageData data = setup.OpenData(host, isJson ? host.Error : host.Output, host.Cancellation);
        FitOptions fit = setup.OptionsFor(data);
        using Model model = setup.CreateModel(data, device);
        var progress = new CheckProgress(host);
        LearningRateRange range = model.FindLearningRate(data, fit, options, point => progress.Show(point.Step + 1, options.Steps, "step",
            "steps"), host.Cancellation);
        progress.Clear();
        var report = new RangeReport(model, request, fit, range);
        if (isJson) host.Output.WriteLine(Json.Of(report.ToJson()));
        else report.Write(host.Output, host.IsPlain);
        if (file is null) return;
        LearningRatePlot.Save(file, range, report.Title);
        if (!isJson) host.Output.WriteLine($"Plot      {file}");
    }

    private static void CheckPlot(string path)
    {
        if (!LearningRatePlot.IsPage(path) && !path.EndsWith(".svg", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--plot expects a file named .svg or .html, but got '{path}'.");
    }
}
