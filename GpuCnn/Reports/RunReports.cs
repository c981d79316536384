using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;
using GpuCnn.Runs;

namespace GpuCnn.Reports;

/// <summary>Makes the report of a run from its folder, at any time: what the folder no longer has is left out, and named.</summary>
internal static class RunReports
{
    /// <param name="folder">The run's.</param>
    /// <param name="device">Name of the device to judge on; null takes the run's.</param>
    /// <param name="command">Spells the command that repeats a run.</param>
    /// <exception cref="NoRunException">The folder holds nothing of a run.</exception>
    public static RunReport Of(string folder, string? device = null, Func<RunConfig, string>? command = null)
    {
        var log = RunLog.Read(folder);
        RunReport report = new(log);
        if (log.Config is null) return report;
        List<string> missing = [];
        RunDirectory directory;
        RunConfig config;
        try
        {
            directory = RunDirectory.Look(folder);
            config = RunConfig.Read(directory);
        }
        catch (GpuCnnException exception)
        {
            return report with { Missing = [exception.Message] };
        }
        report = report with { Command = command?.Invoke(config) };
        string? weights = new[] { directory.BestPath, directory.FinalPath }.FirstOrDefault(File.Exists)
            ?? directory.Checkpoints().FirstOrDefault();
        if (weights is null) return report with { Missing = ["The run has no weights yet."] };
        Try("", () =>
        {
            using Device on = OpenFor(config, device, out Precision precision);
            using var model = Model.Load(weights, on);
            model.Precision = precision;
            report = report with { Filters = FirstFilters.Draw(model.Network, model.Store(), out string layer), FilterLayer = layer };
            Try("Training images and mistakes are not shown: ", () => report = WithImages(report, model, config, folder, weights));
            Try("The time of each layer was not measured: ", () => report = report with
            {
                DeviceBytes = TrainingBytes(model, config.Settings),
                Times = StepTimes.MeasureTraining(model.Network, on, config.Settings, config.Algorithms, fewest: 3),
            });
        });
        return report with { Missing = missing };

        void Try(string what, Action act)
        {
            try
            {
                act();
            }
            catch (GpuCnnException exception)
            {
                missing.Add(what + exception.Message);
            }
        }
    }

    /// <summary>Opens the run's device, or another one that may lack the run's precision.</summary>
    /// <param name="precision">The run's; float32 where the device lacks it.</param>
    private static Device OpenFor(RunConfig config, string? device, out Precision precision)
    {
        DeviceSettings settings = new() { Threads = config.Threads, Precision = precision = config.Settings.Precision };
        try
        {
            return Device.Open(device ?? config.Device, settings);
        }
        catch (UnsupportedPrecisionException)
        {
            return Device.Open(device ?? config.Device, settings with { Precision = precision = Precision.Float32 });
        }
    }

    /// <summary>Bytes on the device while it trains, without those of validation. Nothing is allocated.</summary>
    private static long TrainingBytes(Model model, TrainingSettings settings)
    {
        using ParameterStore parameters = model.Device.CreateParameters(model.Network, training: true);
        using Plan plan = new(parameters,
            new()
            {
                Images = settings.Batch,
                Training = true,
                Loss = settings.Loss,
                Optimizer = settings.Optimizer,
                Precision = settings.Precision,
            });
        return plan.TotalBytes;
    }

    private static RunReport WithImages(RunReport report, Model model, RunConfig config, string folder, string weights)
    {
        ImageData data = TrainingRun.Reopen(config, new(), folder);
        report = report with
        {
            Samples = TrainingSamples.Of(data.Training, model.Input, model.Preparation, Augmentation.Parse(config.Augmentation),
                config.Settings.Seed),
        };
        if (data.Validation is not { } split) return report;
        Judgement judgement = new(model.Classes);
        Model.Evaluate([model], new EvaluationImages(data.Located.Relabelled(split, model.Classes), EvaluationPart.Validation, split.Count),
            new() { Judged = judgement.Add, Feed = config.Feed, Batch = config.Settings.Batch });
        return report with { Judged = judgement, Split = split, JudgedBy = Path.GetFileName(weights) };
    }
}
