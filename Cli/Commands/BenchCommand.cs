using System.CommandLine;
using System.Text;
using GpuCnn.Cli.Output;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn bench</c></summary>
internal static class BenchCommand
{
    public const string StandardOutput = "-";

    private const string DefaultModels = "lenet5,smallcnn", AllModels = "all", Ranked = "--distributed", PerRank = "--batch-per-rank";
    private const int DefaultBatch = 32;

    public static Command Create(CommandHost host)
    {
        Option<string?> models = Options.Text("--models", "A,B", $"Models, or {AllModels}. [default: {DefaultModels}]",
            names => Find(names));
        Option<int?> batch = Options.Whole("--batch", $"Images of a batch. [default: {DefaultBatch}]");
        Option<string?> device = Options.Device;
        Option<IReadOnlyList<Precision>?> precision = Options.PrecisionList("How steps compute; several are measured one after another.");
        Option<string?> json = Options.Text("--json", "FILE", $"Also write the results to this file as JSON; {StandardOutput} writes only "
            + "JSON, to standard output.");
        Option<int?> threads = Options.Whole("--threads", "Threads of the cpu device. [default: one a core]", maximum: 1024);
        Option<bool> ranked = Options.Flag(Ranked, "Measure training on the ranks that a launcher started (mpirun -n 4 gpucnn bench "
            + $"{Ranked}), beside rank 0 alone; and their exchanges, and what a model predicts from those.");
        Option<int?> perRank = Options.Whole(PerRank, $"Images of a batch on each rank, in place of --batch, which is over all ranks: "
            + $"rank 0 alone trains on as many. Needs {Ranked}. [default: {DefaultBatch}]");
        Option<string?> trace = Options.Text("--trace", "FILE", "Also write a trace of a step of the first model on all ranks, with the "
            + $"exchanges beside it, which chrome://tracing and ui.perfetto.dev show. Needs {Ranked}.");
        var command = new Command("bench", "Measures images per second of training and inference on made-up images.") { models, batch,
            device, precision, threads, json, ranked, perRank, trace };
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(json);
            int? images = parsed.GetValue(batch), rankImages = parsed.GetValue(perRank);
            IReadOnlyList<Precision> precisions = parsed.GetValue(precision) ?? [default];
            // Where there is another than float32, the device has float32 too.
            Precision needed = precisions.Max();
            if (parsed.GetValue(ranked))
            {
                if (host.Launch is null) throw new UsageException($"bench {Ranked} measures several ranks, but no launcher has started "
                    + $"this process with others; start it with one: mpirun -n 4 gpucnn bench {Ranked}");
                if (images is not null && rankImages is not null) throw new UsageException(
                    $"--batch and {PerRank} both say the size of a batch; leave one of them out.");
                if (precisions.Count > 1) throw new UsageException(
                    $"--precision expects one with {Ranked}, but got {string.Join(',', precisions.Select(one => one.Name()))}.");
                if (parsed.GetValue(trace) == StandardOutput) throw new UsageException("--trace expects a file, but got '-'.");
                return RankSession.Run(host, ranks =>
                {
                    // A minute of measuring is not lost to a misspelt folder.
                    ranks.Together(() =>
                    {
                        if (ranks.IsFirst && parsed.GetValue(trace) is { } path) OutputFile.Check(path);
                    });
                    var share = HostShare.Of(ranks);
                    using Device own = ranks.Together(() => DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto,
                        new() { Threads = parsed.GetValue(threads), Share = share, Precision = needed }));
                    return RankedBench.Run(
                        host, ranks, Find(parsed.GetValue(models) ?? DefaultModels), own, needed, images ?? rankImages ?? DefaultBatch,
                        isPerRank: images is null, file, parsed.GetValue(trace));
                });
            }
            if (rankImages is not null) throw new UsageException($"{PerRank} needs {Ranked}; --batch is the batch of one process.");
            if (parsed.GetValue(trace) is not null) throw new UsageException(
                $"--trace needs {Ranked}; gpucnn profile --trace writes one of a process alone.");
            using Device on = DeviceCatalog.Open(parsed.GetValue(device) ?? DeviceCatalog.Auto,
                new() { Threads = parsed.GetValue(threads), Precision = needed });
            List<Row> rows = [.. Find(parsed.GetValue(models) ?? DefaultModels)
                .SelectMany(model => precisions.Select(one => Measure(model.Build(), on, one, images ?? DefaultBatch)))];
            if (file == StandardOutput) host.Output.WriteLine(Json.Of(rows));
            else WriteTable(host.Output, rows, on);
            if (file is not (null or StandardOutput)) AtomicFile.Write(file,
                stream => stream.Write(Encoding.UTF8.GetBytes(Json.Of(rows) + "\n")));
            return Program.Done;
        });
        return command;
    }

    private static IReadOnlyList<Architecture> Find(string names) =>
        names == AllModels ? Architecture.All : [.. names.Split(',', StringSplitOptions.TrimEntries).Select(Architecture.Find)];

    private static Row Measure(Network network, Device device, Precision precision, int images)
    {
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        IReadOnlyDictionary<string, string> algorithms = AlgorithmTable.Load(device).Algorithms;
        using var training = new Plan(parameters,
            new()
            {
                Images = images,
                Loss = new SoftmaxCrossEntropy(),
                Training = true,
                Optimizer = new Sgd(),
                Algorithms = algorithms,
                Precision = precision,
                UploadsAhead = true,
            });
        training.CheckMemory();
        Batch batch = SyntheticBatch.Of(network, images);
        parameters.Initialize(seed: 1);
        // A tiny rate keeps the weights finite however long this runs.
        var steps = new SteadySteps(training, batch, 1e-6f);
        double train = StepTimer.MedianSeconds(_ => steps.Run());
        steps.Finish();
        using var inference = new Plan(parameters,
            new()
            {
                Images = images,
                Loss = new SoftmaxCrossEntropy(),
                Algorithms = algorithms,
                Precision = precision,
                UploadsAhead = true,
            });
        var evaluations = new SteadySteps(inference, batch);
        double infer = StepTimer.MedianSeconds(_ => evaluations.Run());
        evaluations.Finish();
        return new(network.Name, device.Name, images, precision, images / train, images / infer, training.TotalBytes);
    }

    private static void WriteTable(TextWriter output, List<Row> rows, Device device)
    {
        LineWrap.Write(output, $"{device.Name}: {device.Description}; median of the steps, after warm-up");
        output.WriteLine();
        var table = new TextTable("model", "precision", ">batch", ">train images/s", ">infer images/s", ">training memory");
        foreach (Row row in rows) table.Add(row.Model, row.Precision.Name(), $"{row.Batch}", Words.Rate(row.TrainImagesPerSecond),
            Words.Rate(row.InferImagesPerSecond), Words.Bytes(row.PeakBytes));
        table.Write(output);
    }

    /// <param name="PeakBytes">Bytes on the device while training.</param>
    private sealed record Row(string Model, string Device, int Batch, Precision Precision, double TrainImagesPerSecond,
        double InferImagesPerSecond, long PeakBytes);
}
