using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>Quality of a network on labelled images. Accuracies are fractions.</summary>
/// <param name="Loss">Mean over the images.</param>
public sealed record EvaluationResult(double Top1, double Top5, double Loss, int Images, double Seconds);

/// <summary>Receives what a network says of an image. Images that could not be read are left out.</summary>
/// <param name="image">Place of the image in the data set.</param>
/// <param name="probabilities">[classes], valid during the call.</param>
public delegate void ImageJudged(int image, int label, ReadOnlySpan<double> probabilities);

/// <summary>Runs networks over a data set without training them.</summary>
public static class Evaluation
{
    /// <summary>
    /// Measures a network. Of several ranks each runs its share of the images, and all get the result over all images; if a rank fails or
    /// is canceled, all of them end.
    /// </summary>
    /// <param name="nameOf">
    /// Names an image by its place in the data set; then outputs that are not finite are refused. Null counts them like any others.
    /// </param>
    /// <param name="judged">
    /// Receives each image; null asks for none. Of several ranks, rank 0's receives the images of all, batch by batch, and others' counts
    /// for nothing.
    /// </param>
    /// <param name="ranks">The ranks, which all call this method; null for a process by itself.</param>
    /// <exception cref="GpuCnnException">See <see cref="FiniteOutputs.Check"/>.</exception>
    /// <exception cref="RankFailedException">One of several ranks cannot read its images or run the network.</exception>
    public static EvaluationResult Run(
        Plan plan, IDataset dataset, CancellationToken cancellation = default, Func<int, string>? nameOf = null,
        ImageJudged? judged = null, Communicator? ranks = null)
    {
        const byte HasBatch = 1;
        long start = Stopwatch.GetTimestamp();
        ranks ??= Communicator.Alone;
        var shard = new Shard(ranks.Rank, ranks.Size);
        JudgedOutputs? outputs = JudgedOutputs.Create(ranks, plan, judged, isRead: nameOf is not null);
        using var batches = new EvaluatedBatches(
            [plan], dataset.ReadEvaluation, dataset.Count, shard, views: 1, readsOutputs: outputs is not null, cancellation);
        double loss = 0;
        long top1 = 0, top5 = 0;
        int images = 0, first = 0;
        Exception? failure = null;
        bool isAtEnd = false;
        do
        {
            int count = 0;
            // What one rank meets, all have to learn, for they wait for each other.
            try
            {
                if (isAtEnd) cancellation.ThrowIfCancellationRequested();
                else if (failure is null && batches.Next())
                {
                    (first, count) = (batches.First, batches.Labels.Length);
                    BatchResult result = outputs?.Read(batches) ?? batches.Read(plan: 0);
                    if (nameOf is not null) batches.CheckFinite(plan: 0, outputs!.Own, nameOf);
                    loss += result.LossSum;
                    top1 += result.Top1;
                    top5 += result.Top5;
                    images += result.Images;
                }
            }
            catch (Exception exception)
            {
                failure ??= exception;
            }
            isAtEnd = count == 0;
            if ((ranks.Agree(isAtEnd ? (byte)0 : HasBatch, failure).Any & HasBatch) == 0) break;
            failure = outputs?.Judge(first, count);
        }
        while (true);
        Span<double> sums = [loss, top1, top5, images];
        ranks.Sum(sums);
        EvaluationResult own = Result((long)sums[1], (long)sums[2], sums[0], (int)sums[3], start);
        Span<double> seconds = [own.Seconds];
        ranks.Broadcast(seconds);
        return own with { Seconds = seconds[0] };
    }

    /// <summary>
    /// Averages the class probabilities of several networks, as the 2012 AlexNet entry did with seven. The loss is that of the average.
    /// </summary>
    /// <inheritdoc cref="Run" path="/param[@name='nameOf' or @name='judged']"/>
    public static EvaluationResult RunEnsemble(
        IReadOnlyList<Plan> plans, IDataset dataset, CancellationToken cancellation = default, Func<int, string>? nameOf = null,
        ImageJudged? judged = null) =>
        RunAveraged(plans, dataset.ReadEvaluation, dataset.Count, views: 1, cancellation, nameOf, judged);

    /// <summary>
    /// Averages the class probabilities of one or more networks over several views of each image, as the papers did with ten crops. The
    /// loss is that of the average.
    /// </summary>
    /// <param name="plans">Plans with one batch size, a multiple of <paramref name="views"/>.</param>
    /// <param name="read">
    /// Reads a share of the images, in batches of a number of views, a multiple of <paramref name="views"/>; the views of an image come one
    /// after another.
    /// </param>
    /// <param name="images">All images.</param>
    /// <param name="views">Views of each image.</param>
    /// <inheritdoc cref="Run" path="/param[@name='nameOf' or @name='judged']"/>
    public static EvaluationResult RunAveraged(
        IReadOnlyList<Plan> plans, Func<int, Shard, IBatchReader> read, int images, int views, CancellationToken cancellation = default,
        Func<int, string>? nameOf = null, ImageJudged? judged = null)
    {
        long start = Stopwatch.GetTimestamp();
        int classes = plans[0].Parameters.Network.Output.Shape.Count, capacity = plans[0].Options.Images;
        if (capacity % views != 0)
            throw new ArgumentException($"A batch of {capacity} does not hold whole images of {views} views.", nameof(plans));
        var logits = new float[capacity * classes];
        var mean = new double[capacity / views * classes];
        double loss = 0;
        long top1 = 0, top5 = 0;
        int counted = 0;
        using var batches = new EvaluatedBatches(plans, read, images, Shard.Whole, views, readsOutputs: true, cancellation);
        while (batches.Next())
        {
            Array.Clear(mean);
            int first = batches.First;
            ReadOnlySpan<int> labels = batches.Labels;
            for (int plan = 0; plan < plans.Count; plan++)
            {
                batches.Read(plan, logits);
                if (nameOf is not null) batches.CheckFinite(plan, logits, nameOf);
                for (int view = 0; view < labels.Length; view++)
                {
                    double[] probabilities = Softmax(logits.AsSpan(view * classes, classes));
                    for (int k = 0; k < classes; k++) mean[view / views * classes + k] += probabilities[k] / (plans.Count * views);
                }
            }
            for (int image = 0; image < labels.Length / views; image++)
            {
                ReadOnlySpan<double> scores = mean.AsSpan(image * classes, classes);
                int label = labels[image * views], rank = 0;
                if (label < 0) continue;
                counted++;
                judged?.Invoke(first + image, label, scores);
                for (int k = 0; k < classes; k++)
                    if (scores[k] > scores[label] || (scores[k] == scores[label] && k < label)) rank++;
                loss -= Math.Log(Math.Max(scores[label], double.Epsilon));
                if (rank < 1) top1++;
                if (rank < 5) top5++;
            }
        }
        return Result(top1, top5, loss, counted, start);
    }

    /// <summary>Computes exp(x_k) / sum exp(x).</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits) largest = Math.Max(largest, logit);
        var result = new double[logits.Length];
        double total = 0;
        for (int k = 0; k < result.Length; k++) total += result[k] = Math.Exp(logits[k] - (double)largest);
        for (int k = 0; k < result.Length; k++) result[k] /= total;
        return result;
    }

    private static EvaluationResult Result(long top1, long top5, double loss, int images, long start)
    {
        double count = Math.Max(1, images);
        return new(top1 / count, top5 / count, loss / count, images, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
