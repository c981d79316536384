using System.CommandLine;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn train</c>: its options. <see cref="TrainingSession"/> does the work.</summary>
internal static class TrainCommand
{
    public const string Name = "train";

    private const string SaveEvery = "save-every", SaveEveryMinutes = "save-every-minutes", Keep = "keep", Precision = "precision";

    public static Command Create(CommandHost host)
    {
        var arguments = new TrainingArguments();
        var settings = new SettingOptions(except: [SaveEvery, SaveEveryMinutes, Keep, Precision]);
        Option<string?> output = Options.Text("--out", "DIR", "Folder of the run. [default: runs/MODEL-N, the next free number]");
        Option<string?> resume = Options.Text("--resume", "DIR", "Go on with the run in this folder, as if it had never stopped.");
        Option<int?> saveEvery = Options.Whole($"--{SaveEvery}", "Steps between checkpoints. [default: one each epoch]");

        Option<float?> saveEveryMinutes = Options.Real($"--{SaveEveryMinutes}",
            "Minutes between further checkpoints, for long epochs; 0 leaves them out. [default: 10]",
            minutes => minutes >= 0 && float.IsFinite(minutes), "minutes of 0 or more");
        Option<int?> keep = Options.Keep;
        Option<bool> tensorBoard = Options.Flag("--tensorboard", "Write an event file for TensorBoard into the run's folder.");
        Option<int?> histograms = Options.Whole("--histograms",
            "Epochs between histograms of weights and gradients, and pictures of filters and mistakes, for TensorBoard; 0 leaves them "
            + "out. [default: 1]", minimum: 0);

        Option<int?> batchPerRank = Options.Whole("--batch-per-rank",
            "Images of a batch on each rank, in place of --batch, which is over all ranks.");
        Option<bool> scaleRate = Options.Flag("--scale-lr",
            "Multiply the learning rate by the number of ranks, after a warm-up of "
            + $"{TrainingSetup.ScaledWarmup} epochs unless --warmup is given; a rate of the recipe's is first that of a rank's batch.");

        var command = new GroupedCommand(Name, "Trains a model. Without options it makes a demo data set and trains on that.",
        [
            arguments.ModelGroup, arguments.DataGroup, arguments.ImagesGroup(judges: true),
            new("Run", [arguments.Device, arguments.Threads, arguments.Precision, arguments.FixedBatch, output, resume, saveEvery,
                saveEveryMinutes, keep, tensorBoard, histograms]),
            new("Ranks (mpirun -n 4 gpucnn train ...)", [batchPerRank, scaleRate, Options.NoMpi]),
            .. settings.Groups,
        ]);
        Option[] resumable =
            [resume, settings.Find("epochs"), settings.Find("steps"), settings.Find("early-stop"), settings.Find("time-limit"),
                arguments.Device, arguments.Threads, saveEvery, saveEveryMinutes, keep, tensorBoard, histograms, arguments.Data,
                arguments.Validation, arguments.BadImages, .. arguments.Feed];
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(resume) is not null && command.Options.Except(resumable).FirstOrDefault(parsed.IsGiven) is { } refused)
                throw new UsageException(
                    $"{refused.Name} cannot be changed by --resume, which takes it from the run's config.json; "
                    + $"only {string.Join(", ", resumable.Skip(1).Select(option => option.Name))} can.");
            if (parsed.IsGiven(batchPerRank) && parsed.IsGiven(settings.Find("batch"))) throw new UsageException(
                "--batch and --batch-per-rank both say the size of a batch; leave one of them out.");
            return TrainingSession.Run(host, arguments.Read(parsed, settings) with
            {
                Out = parsed.GetValue(output),
                Resume = parsed.GetValue(resume),
                Epochs = (int?)settings.Get("epochs", parsed),
                Steps = (long?)settings.Get("steps", parsed),
                SaveEvery = parsed.GetValue(saveEvery),
                EarlyStop = (int?)settings.Get("early-stop", parsed),
                TimeLimit = (Duration?)settings.Get("time-limit", parsed),
                HasRate = settings.Get("lr", parsed) is not null,
                BatchPerRank = parsed.GetValue(batchPerRank),
                ScalesRate = parsed.GetValue(scaleRate),
                HasWarmup = command.Options.Any(option => option.Name == "--warmup" && parsed.IsGiven(option)),
                SaveEveryMinutes = parsed.GetValue(saveEveryMinutes),
                Keep = parsed.GetValue(keep),
                TensorBoard = TensorBoardOf(parsed.GetValue(tensorBoard), parsed.GetValue(histograms)),
            });
        });
        return command;
    }

    private static TensorBoardOptions? TensorBoardOf(bool isAsked, int? histograms) => (isAsked, histograms) switch
    {
        (false, null) => null,
        (false, _) => throw new UsageException("--histograms belongs to --tensorboard; give both, or leave it out."),
        _ => new() { Histograms = histograms ?? new TensorBoardOptions().Histograms },
    };
}
