using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>One call of <c>gpucnn train</c>.</summary>
internal static class TrainingSession
{
    public const string DefaultModel = "smallcnn";

    private const string RunsFolder = "runs";

    public static int Run(CommandHost host, TrainRequest request)
    {
        using var stop = new StopRequest(host);
        CommandHost steady = host.WithSteadyOutput();
        return RankSession.Run(steady, ranks =>
        {
            // Libraries of MPI have handlers of their own.
            stop.Listen();
            stop.Follow(ranks);
            try
            {
                return request.Resume is { } folder ? Resume(steady, request, folder, stop, ranks) : Start(steady, request, stop, ranks);
            }
            catch (OperationCanceledException) when (stop.ExitCode is not null)
            {
                throw stop.BeforeFirstStep();
            }
        }, () => stop.IsStoppedEarly);
    }

    private static int Start(CommandHost host, TrainRequest request, StopRequest stop, Communicator ranks)
    {
        var share = HostShare.Of(ranks);
        using Device device = ranks.Together(() => Device.Open(request.Device ?? DeviceCatalog.Auto,
            new() { Threads = request.Threads, Share = share, Precision = request.Precision }));
        stop.Listen();
        TrainingSetup setup = ranks.Together(() => new TrainingSetup(request, ranks));
        // Rank 0 alone writes.
        using RunDirectory? directory = ranks.Together(() => !ranks.IsFirst ? null
            : request.Out is { } folder ? RunDirectory.Create(folder) : RunDirectory.CreateNext(RunsFolder, setup.Architecture.Name));
        if (directory is not null) stop.Claim(directory);
        ImageData data = setup.OpenData(host, host.Output, stop.Token);
        FitOptions options = ranks.Together(() => setup.OptionsFor(data)) with { Directory = directory, TensorBoard = request.TensorBoard };
        if (request.SaveEvery is { } every) options = options with { SaveEvery = every };
        if (request.SaveEveryMinutes is { } minutes) options = options with { SaveEveryMinutes = minutes };
        if (request.Keep is { } keep) options = options with { Keep = keep };
        using Model model = ranks.Together(() => setup.CreateModel(data, device));
        using TrainingRun run = model.Prepare(data, options);
        if (ranks.IsFirst) Introduction.Write(host.Output, run);
        return Train(host, run, stop);
    }

    private static int Resume(CommandHost host, TrainRequest request, string folder, StopRequest stop, Communicator ranks)
    {
        var progress = new CheckProgress(host);
        var opened = TrainingRun.Open(folder, new()
        {
            Epochs = request.Epochs,
            Steps = request.Steps,
            SaveEvery = request.SaveEvery,
            EarlyStop = request.EarlyStop,
            TimeLimit = request.TimeLimit,
            DataPath = request.Data,
            ValidationPath = request.Validation,
            SaveEveryMinutes = request.SaveEveryMinutes,
            Keep = request.Keep,
            TensorBoard = request.TensorBoard,
            BadImages = request.BadImages,
            Feed = request.Feed,
            Device = request.Device,
            Threads = request.Threads,
            Ranks = ranks,
            Progress = progress.Show,
        });
        using Model model = opened.Model;
        using TrainingRun run = opened;
        progress.Clear();
        if (run.IsComplete)
        {
            if (!ranks.IsFirst) return Program.Done;
            host.Output.WriteLine(
                $"The run in {folder} is complete: {Words.Count(run.Step, "step", "steps")}, weights in {run.Directory!.FinalPath}.");
            string on = run.Step < run.TotalSteps ? "--early-stop 0" : $"--epochs {run.Settings.Epochs * 2}";
            host.Output.WriteLine($"Train on with: gpucnn train --resume {Words.Quote(folder)} {on}");
            return Program.Done;
        }
        if (ranks.IsFirst) Introduction.Write(host.Output, run, run.ResumedFrom ?? "the beginning, for there is no checkpoint yet");
        return Train(host, run, stop);
    }

    private static int Train(CommandHost host, TrainingRun run, StopRequest stop)
    {
        (bool isMixed, TimeSpan? limit) = (run.Settings.MixesImages, run.Settings.TimeLimit?.Time);
        TrainingDisplay display = host.IsTerminal ? new LiveDisplay(host.Terminal, host.IsPlain) { IsMixed = isMixed, Limit = limit }
            : new PlainDisplay(host.Output) { IsMixed = isMixed, Limit = limit };
        run.Command = RepeatCommand.Of;
        run.Ranks.Together(() => stop.Begin(run, display));
        TrainingOutcome outcome = display.Run(
            observer => run.Run(new AllObservers([observer, stop, .. host.Observer is { } other ? (ITrainingObserver[])[other] : []]),
                stop.Token), run.Step);
        if (outcome.End == TrainingEnd.Interrupted)
            throw new StoppedException(
                $"Stopped after step {outcome.Step} of {run.TotalSteps}; the checkpoint is {outcome.WeightsPath}. "
                + $"Go on with: gpucnn train --resume {Words.Quote(run.Directory?.Path ?? "")}", stop.ExitCode ?? Program.Failed)
            { IsAfterSteps = true };
        if (run.Ranks.IsFirst) Conclusion.Write(host.Output, run, outcome);
        return Program.Done;
    }

    private sealed class AllObservers(IReadOnlyList<ITrainingObserver> observers) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            for (int i = 0; i < observers.Count; i++) observers[i].StepDone(report);
        }

        public void RateHalved(long step, double loss, float factor)
        {
            foreach (ITrainingObserver observer in observers) observer.RateHalved(step, loss, factor);
        }

        public void Validating(int epoch)
        {
            foreach (ITrainingObserver observer in observers) observer.Validating(epoch);
        }

        public ImageJudged? Judging(int epoch)
        {
            ImageJudged? all = null;
            foreach (ITrainingObserver observer in observers) all += observer.Judging(epoch);
            return all;
        }

        public void ReportFailed(string message)
        {
            foreach (ITrainingObserver observer in observers) observer.ReportFailed(message);
        }

        public void EpochDone(EpochReport report)
        {
            foreach (ITrainingObserver observer in observers) observer.EpochDone(report);
        }

        public void CheckpointSaved(string path)
        {
            foreach (ITrainingObserver observer in observers) observer.CheckpointSaved(path);
        }
    }
}
