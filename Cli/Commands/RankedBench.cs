using System.Globalization;
using System.Text;
using GpuCnn.Cli.Output;
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

/// <summary>
/// <c>gpucnn bench --distributed</c>: training steps of ranks that train together, beside rank 0 alone, and what a model predicts from the
/// exchanges that were measured.
/// </summary>
internal static class RankedBench
{
    private const double Micro = 1e6, Mega = 1e6;

    /// <summary>Measures on all ranks; rank 0 writes.</summary>
    /// <param name="images">Images of a batch: of each rank, or of all ranks.</param>
    /// <param name="isPerRank">Whether the batch is a rank's; then as many ranks have as many times the images.</param>
    /// <param name="trace">File for a trace of the first model's step; null for none.</param>
    public static int Run(
        CommandHost host, Communicator ranks, IReadOnlyList<Architecture> models, Device device, Precision precision, int images,
        bool isPerRank, string? json, string? trace)
    {
        int all = isPerRank ? checked(images * ranks.Size) : images;
        ranks.Together(() =>
        {
            if (all < ranks.Size) throw new UsageException(
                $"--batch expects at least an image for each of {ranks.Size} ranks, but got {all}.");
        });
        IReadOnlyList<ExchangeTime> times = ExchangeMeasurement.MeasureEach(ranks, ExchangeMeasurement.UsualSizes);
        ExchangeFit fit = ExchangeFit.Of(times);
        var curve = new ExchangeCurve(times);
        double firstSum = ExchangeMeasurement.MeasureFirst(ranks);
        bool writesText = ranks.IsFirst && json != BenchCommand.StandardOutput;
        if (writesText)
        {
            LineWrap.Write(
                host.Output, $"{ranks.Description}; rank 0: {device.Name}, {device.Description}; {precision.Name()}; "
                + "medians of rounds in turn");
            host.Output.WriteLine();
            WriteExchange(host.Output, times, fit, firstSum, ranks.Size);
        }
        List<Row> rows = [.. models.Select(model => Measure(
            model.Build(), device, OptionsOf(device, precision, ranks, all), all, isPerRank ? images : all, curve, firstSum))];
        IReadOnlyList<RankTimeline> timelines = trace is null ? []
            : Trace(models[0].Build(), device, OptionsOf(device, precision, ranks, all));
        if (!ranks.IsFirst) return Program.Done;
        string text = Json.Of(new Result(ranks.Size, ranks.Description, device.Name, precision, isPerRank ? "batch per rank" : "batch",
            new(fit.MessageSeconds(ranks.Size), fit.BytesPerSecond(ranks.Size), fit.LargestError, firstSum, times), rows));
        if (!writesText) host.Output.WriteLine(text);
        else WriteRows(host.Output, rows, ranks.Size);
        if (json is not null && writesText) AtomicFile.Write(json, stream => stream.Write(Encoding.UTF8.GetBytes(text + "\n")));
        if (trace is null) return Program.Done;
        StepTrace.Write(trace, timelines, models[0].Name);
        if (writesText) LineWrap.Write(host.Output, $"Trace of {models[0].Name}: {trace}; "
            + $"{Words.Percent(timelines[0].HiddenShare)} of rank 0's exchanges were beside the backward pass. "
            + "Open it in https://ui.perfetto.dev");
        return Program.Done;
    }

    private static IReadOnlyList<RankTimeline> Trace(Network network, Device device, PlanOptions options)
    {
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var plan = new Plan(parameters, options);
        parameters.Initialize(seed: 1);
        return RankedTimeline.Measure(plan, SyntheticBatch.Of(network, plan.Options.Images));
    }

    private static PlanOptions OptionsOf(Device device, Precision precision, Communicator ranks, int all)
    {
        (int first, int count) = new Shard(ranks.Rank, ranks.Size).Of(all);
        return new()
        {
            Images = count,
            AllImages = all,
            FirstImage = first,
            Ranks = ranks,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Optimizer = new Sgd(),
            Algorithms = AlgorithmTable.Load(device).Algorithms,
            Precision = precision,
        };
    }

    private static Row Measure(
        Network network, Device device, PlanOptions options, int all, int alone, ExchangeCurve curve, double firstSum)
    {
        RankedStepTimes times = RankedStepTimes.Measure(network, device, options, alone);
        RankedStep predicted = times.Predict(curve, firstSum);
        return new(network.Name, alone, all, times.AloneImagesPerSecond, times.AllImages / times.ComputeSeconds, times.ImagesPerSecond,
            times.Efficiency(options.Ranks.Size), times.Work.GradientBytes, times.Work.Pieces.Count, times.RankedSeconds,
            times.ExchangeSeconds, times.HiddenShare, times.Overlap.Compute, times.Overlap.Exchange, predicted.Seconds,
            predicted.ExchangeSeconds, all / predicted.Seconds, predicted.Seconds / times.RankedSeconds - 1);
    }

    private static void WriteExchange(TextWriter output, IReadOnlyList<ExchangeTime> times, ExchangeFit fit, double firstSum, int ranks)
    {
        var table = new TextTable("sum of", ">time", ">sent by a rank", ">by the line");
        foreach (ExchangeTime time in times)
        {
            double sent = 2.0 * (ranks - 1) / ranks * time.Bytes;
            table.Add(Words.Bytes(time.Bytes), Time(time.Seconds), Rate(sent / time.Seconds), Time(fit.Seconds(time.Bytes)));
        }
        table.Write(output);
        LineWrap.Write(output, $"The line is {Time(fit.MessageSeconds(ranks))} a message ({2 * (ranks - 1)} of each rank) and "
            + $"{Rate(fit.BytesPerSecond(ranks))} in each direction: off by at most {Words.Percent(fit.LargestError)}. "
            + $"The smallest sum takes {Time(firstSum)} after computing.");
        output.WriteLine();
    }

    private static void WriteRows(TextWriter output, List<Row> rows, int ranks)
    {
        var table = new TextTable("model", ">batch", ">1 rank images/s", $">{ranks} ranks images/s", ">efficiency", ">without exchange",
            ">gradients", ">exchange", ">hidden", ">predicted images/s", ">off by");
        foreach (Row row in rows) table.Add(row.Model, row.AloneBatch == row.Batch ? $"{row.Batch}" : $"{ranks} x {row.AloneBatch}",
            Words.Rate(row.AloneImagesPerSecond), Words.Rate(row.ImagesPerSecond), Words.Percent(row.Efficiency),
            Words.Rate(row.ImagesPerSecondWithoutExchange), Words.Bytes(row.GradientBytes), Time(row.ExchangeSeconds),
            Words.Percent(row.HiddenShare), Words.Rate(row.PredictedImagesPerSecond), Signed(row.PredictionError));
        table.Write(output);
    }

    private static string Time(double seconds) => seconds < 1e-3 ? Invariant($"{seconds * Micro:0.0} us")
        : seconds < 1 ? Invariant($"{seconds * 1e3:0.0} ms") : Invariant($"{seconds:0.00} s");

    private static string Rate(double bytesPerSecond) => Invariant($"{bytesPerSecond / Mega:0} MB/s");

    private static string Signed(double part) => Invariant($"{part * 100:+0.0;-0.0} %");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <param name="Scaling">What stays the same when there are more ranks.</param>
    private sealed record Result(int Ranks, string Library, string Device, Precision Precision, string Scaling,
        Exchange Exchange, List<Row> Models);

    /// <param name="FirstSeconds">The smallest sum after computing.</param>
    private sealed record Exchange(double SecondsPerMessage, double BytesPerSecondPerRank, double LargestError,
        double FirstSeconds, IReadOnlyList<ExchangeTime> Times);

    /// <param name="AloneBatch">Images of a step of rank 0 alone.</param>
    /// <param name="Batch">Images of a step of all ranks.</param>
    /// <param name="ImagesPerSecondWithoutExchange">All ranks at the same time, each for itself.</param>
    /// <param name="ExchangeSeconds">The exchanges of a step, without anything beside them.</param>
    /// <param name="HiddenShare">Part of that time that the step does not show.</param>
    /// <param name="ComputeSlowdown">Times as long as computing takes beside exchanges.</param>
    /// <param name="ExchangeSlowdown">Times as long as exchanges take beside computing.</param>
    /// <param name="PredictionError">Predicted over measured seconds of the step, less 1.</param>
    private sealed record Row(string Model, int AloneBatch, int Batch, double AloneImagesPerSecond, double ImagesPerSecondWithoutExchange,
        double ImagesPerSecond, double Efficiency, long GradientBytes, int Pieces, double StepSeconds, double ExchangeSeconds,
        double HiddenShare, double ComputeSlowdown, double ExchangeSlowdown, double PredictedStepSeconds, double PredictedExchangeSeconds,
        double PredictedImagesPerSecond, double PredictionError);
}
