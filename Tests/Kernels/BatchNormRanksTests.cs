using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Kernels that merge the moments and gradients of ranks, compared with one batch of all images, in double.</summary>
public sealed class BatchNormRanksTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const float Epsilon = 1e-3f, Momentum = 0.25f;
    private const int PartRows = 16;

    protected override void RunAll()
    {
        RanksGiveTheStatisticsAndGradientsOfAllImages(3, 7, [2, 0, 1]);
        RanksGiveTheStatisticsAndGradientsOfAllImages(4, 7, [1, 2]);
    }

    /// <summary>Channels for one group and for several; values far from 0; ranks without images.</summary>
    [TestCase(1, 1, new[] { 1, 1 })]
    [TestCase(8, 50, new[] { 1 })]
    [TestCase(33, 20, new[] { 0, 3, 1 })]
    [TestCase(300, 9, new[] { 2, 1, 0, 4 })]
    public void RanksGiveTheStatisticsAndGradientsOfAllImages(int channels, int area, int[] shares)
    {
        int ranks = shares.Length, images = shares.Sum(), rows = images * area, offset = channels > 100 ? 1000 : 0;
        float[] values = [.. Numbers.Reals(rows * channels, 1).Select((value, i) => offset + value + i % channels % 5)];
        float[] gradients = Numbers.Reals(rows * channels, 2), weights = Numbers.Reals(channels, 3);
        DeviceBuffer<float> all = Device.Unset<float>(ranks * 4 * channels), sums = Device.Unset<float>(ranks * 2 * channels);
        DeviceBuffer<float> statistics = Device.Unset<float>(2 * channels), weight = Device.Buffer<float>(weights);
        DeviceBuffer<float> runningMean = Device.Buffer(new float[channels]), runningVariance = Device.Buffer(new float[channels]);
        DeviceBuffer<float> batches = Device.Buffer(7f);
        var own = new RankBuffers[ranks];
        for (int rank = 0, first = 0; rank < ranks; first += shares[rank++])
        {
            // A batch holds one image more than is real.
            int count = shares[rank] * area * channels, capacity = (shares[rank] + 1) * area;
            own[rank] = new(
                Device.Buffer(new StepScalars { Images = shares[rank], AllImages = images, UpdatesState = 1 }),
                Device.Buffer<float>(Padded(values)), Device.Buffer<float>(Padded(gradients)), capacity);
            int parts = (capacity + PartRows - 1) / PartRows;
            DeviceBuffer<float> moments = Device.Unset<float>(3 * parts * channels), merged = Device.Unset<float>(4 * channels);
            var gather = new BatchNormParts(channels, capacity);
            Run(new BatchNormMoments(gather.Width, gather.Lanes, false, own[rank].Scalars, own[rank].X, moments, area, channels, PartRows),
                gather.Groups with { Y = parts });
            var merge = new BatchNormRankMoments(own[rank].Scalars, moments, merged, area, channels, PartRows, parts);
            Run(merge, merge.Groups);
            merged.Span.CopyTo(all.Span[(4 * rank * channels)..]);

            float[] Padded(float[] source) =>
                [.. source.AsSpan(first * area * channels, count), .. Enumerable.Repeat(float.NaN, area * channels)];
        }
        var finish = new BatchNormRankStatistics(
            own[0].Scalars, all, statistics, runningMean, runningVariance, batches, channels, ranks, Epsilon, Momentum);
        Run(finish, finish.Groups);
        ReadOnlyView<float> inverses = ((ReadOnlyView<float>)statistics).Slice(channels);
        for (int rank = 0; rank < ranks; rank++)
        {
            var split = new BatchNormParts(channels, own[rank].Rows);
            DeviceBuffer<float> parts = Device.Unset<float>((int)split.Floats), both = Device.Unset<float>(2 * channels);
            // Of the identity, so y is not read.
            Run(new BatchNormGradientSums<Identity>(
                split.Width, split.Lanes, true, false, false, own[rank].Scalars, own[rank].X, own[rank].X, own[rank].Dy, statistics, parts,
                area, channels, channels, split.PartRows, default), split.Groups);
            var add = new BatchNormParameterGradients(
                parts, inverses, ((View<float>)both).Slice(0, channels), ((View<float>)both).Slice(channels), channels, split.Count);
            Run(add, add.Groups);
            both.Span.CopyTo(sums.Span[(2 * rank * channels)..]);
        }

        Assert.That(batches.Span[0], Is.EqualTo(8));
        double[] means = new double[channels], inverse = new double[channels], level = new double[channels], slope = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            int[] places = [.. Enumerable.Range(0, rows).Select(row => row * channels + c)];
            double mean = means[c] = places.Average(i => (double)values[i]), squares = places.Sum(i => Math.Pow(values[i] - mean, 2));
            inverse[c] = 1 / Math.Sqrt(squares / rows + Epsilon);
            level[c] = places.Sum(i => (double)gradients[i]);
            slope[c] = places.Sum(i => gradients[i] * (values[i] - mean)) * inverse[c];
            Near($"mean of channel {c}", statistics.Span[c], mean, 0);
            Near($"inverse deviation of channel {c}", statistics.Span[channels + c], inverse[c], 0);
            Near($"running mean of channel {c}", runningMean.Span[c], Momentum * mean, 0);
            Near($"running variance of channel {c}", runningVariance.Span[c], Momentum * squares / Math.Max(1, rows - 1), 0);
        }
        for (int rank = 0, first = 0; rank < ranks; first += shares[rank++])
        {
            DeviceBuffer<float> dweights = Device.Unset<float>(channels), dbiases = Device.Unset<float>(channels);
            DeviceBuffer<float> dweight = Device.Unset<float>(channels), dbias = Device.Unset<float>(channels);
            var add = new BatchNormRankGradients(sums, dweights, dbiases, dweight, dbias, channels, ranks, rank);
            Run(add, add.Groups);
            var grid = new BatchNormGrid(channels, own[rank].Rows, channels);
            DeviceBuffer<float> dx = Device.Unset<float>(own[rank].Rows * channels);
            Run(new BatchNormInputGradient<Identity>(
                grid.Lanes, false, true, false, false, false, own[rank].Scalars, own[rank].X, own[rank].X, own[rank].Dy, dx, default,
                statistics, weight, dweights, dbiases, grid, area, default), grid.Groups);
            int begin = first * area, end = begin + shares[rank] * area;
            for (int c = 0; c < channels; c++)
            {
                int[] places = [.. Enumerable.Range(begin, end - begin).Select(row => row * channels + c)];
                Near($"dbiases of channel {c}", dbiases.Span[c], level[c], rows);
                Near($"dweights of channel {c}", dweights.Span[c], slope[c], rows);
                Near($"dbias of channel {c}, rank {rank}", dbias.Span[c], places.Sum(i => (double)gradients[i]), rows);
                Near($"dweight of channel {c}, rank {rank}", dweight.Span[c],
                    places.Sum(i => gradients[i] * (values[i] - means[c])) * inverse[c], rows);
                for (int row = 0; row < own[rank].Rows; row++)
                {
                    int i = (begin + row) * channels + c;
                    double expected = row >= end - begin ? 0 : inverse[c] * weights[c]
                        * (gradients[i] - level[c] / rows - (values[i] - means[c]) * inverse[c] * slope[c] / rows);
                    Near($"dx of row {row}, channel {c}, rank {rank}", dx.Span[row * channels + c], expected, inverse[c]);
                }
            }
        }

        // Far from 0, a value's own rounding is a part of its distance from the mean.
        void Near(string what, double actual, double expected, double scale)
        {
            double tolerance = (offset > 0 ? 1e-4 : 4e-6) * Math.Max(Math.Max(1, scale), Math.Abs(expected));
            if (!(Math.Abs(actual - expected) <= tolerance))
                Assert.Fail($"{what}: {actual:G9} instead of {expected:G9}, tolerance {tolerance:E2}");
        }
    }

    private sealed record RankBuffers(DeviceBuffer<StepScalars> Scalars, DeviceBuffer<float> X, DeviceBuffer<float> Dy, int Rows);
}
