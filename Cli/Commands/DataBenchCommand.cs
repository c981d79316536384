using System.CommandLine;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn data bench PATH</c></summary>
internal static class DataBenchCommand
{
    private const int DefaultBatch = 64, DefaultImages = 1000, Rounds = 3;
    private const string DefaultAugmentation = "imagenet";
    private static readonly Shape DefaultInput = Shape.Volume(3, 224, 224);

    public static Command Create(CommandHost host)
    {
        var path = new Argument<string>("PATH") { Description = "Data set, as for `gpucnn train --data`." };
        Option<string?> augmentation = Options.Text("--augment", "NAMES", $"As for `gpucnn train`. [default: {DefaultAugmentation}]",
            text => Augmentation.Parse(text));
        Option<Shape?> input = Options.InputOf(DefaultInput.ToString());
        Option<int?> batch = Options.Whole("--batch", $"Images of a batch. [default: {DefaultBatch}]");
        Option<int?> images = Options.Whole("--images", $"Images to read for each figure. [default: {DefaultImages}]");
        Option<bool> noExif = Options.NoExif;
        var feed = new FeedArguments();
        Option<bool> json = Options.Json;
        var command = new Command("bench", "Measures how fast images become batches, beside torchvision's DataLoader where python3 has it.")
        {
            path, augmentation, input, batch, images, noExif, json,
        };
        foreach (Option option in feed.All) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            Shape shape = parsed.GetValue(input) ?? DefaultInput;
            ImagePreprocessor preprocessor = UsageException.Guard(() => new ImagePreprocessor(
                shape, ImageFit.Resize, [.. Enumerable.Repeat(0.45f, shape.Channels)], [.. Enumerable.Repeat(0.25f, shape.Channels)])
            {
                AppliesOrientation = !parsed.GetValue(noExif),
            });
            LocatedDataset data = DatasetLocator.Open(parsed.GetValue(path)!);
            ImageSplit split = data.HasTraining ? data.Train : data.Evaluation;
            FeedRequest request = feed.Read(parsed);
            // Use no cache unless one is given: the measurement starts at the file.
            request = request with { Cache = request.Cache ?? CacheKind.None };
            Augmentation changes = Augmentation.Parse(parsed.GetValue(augmentation) ?? DefaultAugmentation, shape);
            int size = Math.Min(parsed.GetValue(batch) ?? DefaultBatch, split.Count), count = parsed.GetValue(images) ?? DefaultImages;
            int[] workers = request.Workers is { } given ? [given]
                : [.. new[] { 1, 2, Environment.ProcessorCount }.Where(n => n <= Environment.ProcessorCount).Distinct()];
            bool isJson = parsed.GetValue(json);
            string cache = request.Cache!.Value.ToString().ToLowerInvariant();
            if (!isJson) host.Output.WriteLine($"{data.Path}: {data.Description}; {changes} to {shape}, batches of {size}, cache {cache}");
            List<FeedMeasurement> measured = [];
            using TorchvisionLoader? peer = changes.ToString() == Augmentation.Parse(DefaultAugmentation).ToString()
                && shape.Height == shape.Width && shape.Channels == 3
                ? TorchvisionLoader.TryStart(split, count, shape.Height, workers[^1], size) : null;
            List<FeedMeasurement> peers = [];
            foreach (int number in workers)
            {
                using var dataset = new ImageDataset(split, preprocessor, changes, (request with { Workers = number }).ToOptions());
                List<FeedMeasurement> rounds = [];
                // Take turns, so that other load on the machine affects both.
                for (int round = 0; round < Rounds; round++)
                {
                    rounds.Add(FeedMeasurement.Run(dataset, size, count, firstStep: (long)round * (count / size)));
                    if (number == workers[^1] && peer?.Measure() is { } other) peers.Add(other);
                }
                measured.Add(Median(rounds));
            }
            if (isJson) host.Output.WriteLine(Json.Of(Row.Of(measured[^1], peers.Count > 0 ? Median(peers) : null)));
            else WriteText(host.Output, measured, peers.Count > 0 ? Median(peers) : null, peer);
            return Program.Done;
        });
        return command;
    }

    private static FeedMeasurement Median(List<FeedMeasurement> rounds) =>
        rounds.OrderBy(round => round.ImagesPerCpuSecond).ElementAt(rounds.Count / 2);

    private static void WriteText(TextWriter output, List<FeedMeasurement> measured, FeedMeasurement? other, TorchvisionLoader? peer)
    {
        Stage[] stages = Enum.GetValues<Stage>();
        var table = new TextTable([">workers", ">images/s", ">per CPU-second",
            .. stages.Select(stage => $">{stage.ToString().ToLowerInvariant()} ms")]);
        foreach (FeedMeasurement row in measured)
            table.Add([$"{row.Workers}", Words.Rate(row.ImagesPerSecond), Words.Rate(row.ImagesPerCpuSecond),
                .. stages.Select(stage => FormattableString.Invariant($"{1000 * row.StageSeconds[stage] / row.Images:0.00}"))]);
        output.WriteLine();
        table.Write(output);
        if (other is null) return;
        FeedMeasurement last = measured[^1];
        output.WriteLine(
            $"\ntorchvision {peer!.Version}'s DataLoader, {Words.Count(other.Workers, "worker", "workers")}: "
                + $"{Words.Rate(other.ImagesPerSecond)} images/s, {Words.Rate(other.ImagesPerCpuSecond)} per CPU-second");
        double images = last.ImagesPerSecond / other.ImagesPerSecond, perCpu = last.ImagesPerCpuSecond / other.ImagesPerCpuSecond;
        output.WriteLine(FormattableString.Invariant(
            $"Beside it: {images:0.0} times as many images a second, {perCpu:0.0} times as many per CPU-second"));
    }

    /// <summary>Stages hold the images per second of one worker.</summary>
    private sealed record Row(int Images, int Workers, double ImagesPerSecond, double ImagesPerCpuSecond,
        IReadOnlyDictionary<string, double> Stages, Peer? Torchvision)
    {
        public static Row Of(FeedMeasurement measured, FeedMeasurement? other) => new(
            measured.Images, measured.Workers, measured.ImagesPerSecond, measured.ImagesPerCpuSecond,
            measured.StageSeconds.Keys.ToDictionary(stage => stage.ToString().ToLowerInvariant(), measured.StageImagesPerSecond),
            other is null ? null : new(other.Workers, other.ImagesPerSecond, other.ImagesPerCpuSecond));
    }

    private sealed record Peer(int Workers, double ImagesPerSecond, double ImagesPerCpuSecond);
}
