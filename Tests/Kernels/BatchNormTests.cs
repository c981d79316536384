using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class BatchNormTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const float Epsilon = 1e-3f, Momentum = 0.25f;

    protected override void RunAll()
    {
        foreach (Type function in EveryFunction.Types)
            EveryFunction.Call(this, nameof(RunFunction), function);
        MergedRunsOfPartsGiveTheStatistics(3, 7, 5);
    }

    /// <summary>More rows than one part has, and channels for one group and for two.</summary>
    [TestCase(1, 1)]
    [TestCase(8, 700)]
    [TestCase(33, 300)]
    public void NormalizesLikeTheReference(int channels, int area)
    {
        Compare<ReLU>(channels, area, images: 3, real: 3, adds: true);
        Compare<Identity>(channels, area, images: 3, real: 2, adds: false);
        Compare<ReLU>(channels, area, images: 3, real: 2, adds: false, others: 4);
        Compare<ReLU>(channels, area, images: 3, real: 2, adds: false, others: 7);
    }

    /// <summary>Statistics merged from runs of parts equal those of the values, even far from 0. Some parts and runs are empty.</summary>
    [TestCase(1, 700, 1)]
    [TestCase(40, 100, 9)]
    [TestCase(3, 50, 40)]
    public void MergedRunsOfPartsGiveTheStatistics(int channels, int area, int run)
    {
        const int Images = 3, Real = 2, PartRows = 16;
        int rows = Images * area, parts = (rows + PartRows - 1) / PartRows, runs = (parts + run - 1) / run;
        float[] values = [.. Numbers.Reals(rows * channels, 1).Select((value, i) => 1000 + value + i % channels)];
        Array.Fill(values, float.NaN, Real * area * channels, (Images - Real) * area * channels);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { Images = Real });
        DeviceBuffer<float> moments = Device.Unset<float>(3 * parts * channels), merged = Device.Unset<float>(3 * runs * channels);
        DeviceBuffer<float> statistics = Device.Unset<float>(2 * channels);
        DeviceBuffer<float> state = Device.Buffer(new float[channels]);
        int width = new BatchNormParts(channels, rows).Width;
        var gather = new BatchNormMoments(width, scalars, Device.Buffer<float>(values), moments, area, channels, PartRows);
        Run(gather, new((channels + width - 1) / width, parts));
        var merge = new BatchNormMerge(scalars, moments, merged, area, channels, PartRows, parts, run);
        Run(merge, merge.Groups);
        var finish = new BatchNormStatistics(
            scalars, merged, statistics, state, Device.Buffer(new float[channels]), Device.Buffer(0f), area, channels, run * PartRows, runs,
                Epsilon, Momentum);
        Run(finish, finish.Groups);
        for (int c = 0; c < channels; c++)
        {
            double[] real = [.. Enumerable.Range(0, Real * area).Select(row => (double)values[row * channels + c])];
            double mean = real.Average(), inverse = 1 / Math.Sqrt(real.Average(value => Math.Pow(value - mean, 2)) + Epsilon);
            Assert.That((double)statistics.Span[c], Is.EqualTo(mean).Within(6.2e-5), $"mean of channel {c}");
            Assert.That((double)statistics.Span[channels + c], Is.EqualTo(inverse).Within(4e-6 * inverse),
                $"inverse deviation of channel {c}");
            Assert.That(state.Span[c], Is.Zero, "the state was updated without being asked for");
        }
    }

    private void RunFunction<TFunction>() where TFunction : unmanaged, IPointwise
    {
        foreach (int channels in new[] { 3, 12 })
            foreach (bool adds in new[] { false, true }) Compare<TFunction>(channels, 5, images: 3, real: 2, adds);
    }

    private void Compare<TFunction>(int channels, int area, int images, int real, bool adds, int others = 0)
        where TFunction : unmanaged, IPointwise
    {
        // The output and its gradient may be the first channels of wider volumes.
        int rows = images * area, count = rows * channels, pitch = channels + others;
        var parts = new BatchNormParts(channels, rows);
        var grid = new BatchNormGrid(channels, rows, pitch);
        float[] values = Numbers.Reals(count, 1), addends = Numbers.Reals(count, 2), gradients = Numbers.Reals(rows * pitch, 3);
        float[] weights = Numbers.Reals(channels, 4), biases = Numbers.Reals(channels, 5);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { Images = real, UpdatesState = 1 });
        DeviceBuffer<float> x = Device.Buffer<float>(values), addend = Device.Buffer<float>(addends), dy = Device.Buffer<float>(gradients);
        DeviceBuffer<float> weight = Device.Buffer<float>(weights), bias = Device.Buffer<float>(biases);
        DeviceBuffer<float> moments = Device.Unset<float>(3 * parts.Count * channels), statistics = Device.Unset<float>(2 * channels);
        DeviceBuffer<float> sums = Device.Unset<float>((int)parts.Floats);
        DeviceBuffer<float> runningMean = Device.Buffer(new float[channels]), runningVariance = Device.Buffer(new float[channels]);
        DeviceBuffer<float> batches = Device.Buffer(7f);
        DeviceBuffer<float> y = Device.Unset<float>(rows * pitch), inferred = Device.Unset<float>(rows * pitch);
        DeviceBuffer<float> dx = Device.Unset<float>(count), daddend = Device.Unset<float>(adds ? count : 0);
        DeviceBuffer<float> dweight = Device.Unset<float>(channels), dbias = Device.Unset<float>(channels);

        Run(new BatchNormMoments(parts.Width, scalars, x, moments, area, channels, parts.PartRows), parts.Groups);
        var finish = new BatchNormStatistics(
            scalars, moments, statistics, runningMean, runningVariance, batches, area, channels, parts.PartRows, parts.Count,
                Epsilon, Momentum);
        Run(finish, finish.Groups);
        ReadOnlyView<float> scales = ((ReadOnlyView<float>)statistics).Slice(channels);
        Run(new BatchNormForward<TFunction>(
            grid.Lanes, false, adds, x, addend, y, statistics, scales, weight, bias, grid, Epsilon, default), grid.Groups);
        Run(new BatchNormForward<TFunction>(
            grid.Lanes, true, adds, x, addend, inferred, runningMean, runningVariance, weight, bias, grid, Epsilon, default), grid.Groups);
        Run(new BatchNormGradientSums<TFunction>(
            parts.Width, scalars, x, y, dy, statistics, sums, area, channels, pitch, parts.PartRows, default), parts.Groups);
        var parameters = new BatchNormParameterGradients(sums, scales, dweight, dbias, channels, parts.Count);
        Run(parameters, parameters.Groups);
        Run(new BatchNormInputGradient<TFunction>(
            grid.Lanes, adds, false, scalars, x, y, dy, dx, daddend, statistics, weight, dweight, dbias, grid, area, default),
            grid.Groups);

        DeviceBuffer<float> frozen = Device.Unset<float>(2 * channels), frozenDx = Device.Unset<float>(count);
        DeviceBuffer<float> frozenAddend = Device.Unset<float>(adds ? count : 0);
        var constants = new BatchNormFrozenStatistics(runningMean, runningVariance, frozen, channels, Epsilon);
        Run(constants, constants.Groups);
        Run(new BatchNormFrozenInputGradient<TFunction>(
            grid.Lanes, adds, scalars, inferred, dy, frozenDx, frozenAddend, runningVariance, weight, grid, area, Epsilon, default),
            grid.Groups);

        Assert.That(batches.Span[0], Is.EqualTo(8));
        int realRows = real * area;
        for (int c = 0; c < channels; c++)
        {
            int[] places = [.. Enumerable.Range(0, realRows).Select(row => row * channels + c)];
            double mean = places.Average(i => values[i]), squares = places.Sum(i => Math.Pow(values[i] - mean, 2));
            double inverse = 1 / Math.Sqrt(squares / realRows + Epsilon);
            double nextMean = Momentum * mean, nextVariance = Momentum * squares / Math.Max(1, realRows - 1);
            Near("running mean", runningMean.Span[c], nextMean);
            Near("running variance", runningVariance.Span[c], nextVariance);
            Near("frozen mean", frozen.Span[c], nextMean);
            Near("frozen inverse deviation", frozen.Span[channels + c], 1 / Math.Sqrt(nextVariance + Epsilon));
            for (int row = 0; row < rows; row++)
            {
                int i = row * channels + c, output = row * pitch + c;
                double added = adds ? addends[i] : 0;
                Near("y", y.Span[output], Value<TFunction>((values[i] - mean) * inverse * weights[c] + biases[c] + added));
                double normalized = (values[i] - nextMean) / Math.Sqrt(nextVariance + Epsilon);
                Near("inferred", inferred.Span[output], Value<TFunction>(normalized * weights[c] + biases[c] + added));
                double through = PointwiseFunctions.Backward(default(TFunction), inferred.Span[output], gradients[output]);
                Near("dx of frozen statistics", frozenDx.Span[i],
                    row < realRows ? through * weights[c] / Math.Sqrt(nextVariance + Epsilon) : 0);
                if (adds) Near("gradient of the addend of frozen statistics", frozenAddend.Span[i], through);
            }
            double[] dz = [.. Enumerable.Range(0, rows).Select(row => row * pitch + c)
                .Select(i => (double)PointwiseFunctions.Backward(default(TFunction), y.Span[i], gradients[i]))];
            double level = dz.Take(realRows).Sum(), slope = places.Select((i, row) => dz[row] * (values[i] - mean) * inverse).Sum();
            Near("dbias", dbias.Span[c], level);
            Near("dweight", dweight.Span[c], slope);
            for (int row = 0; row < rows; row++)
            {
                int i = row * channels + c;
                double expected = inverse * weights[c] * (dz[row] - level / realRows - (values[i] - mean) * inverse * slope / realRows);
                Near("dx", dx.Span[i], row < realRows ? expected : 0);
                if (adds) Near("gradient of the addend", daddend.Span[i], dz[row]);
            }

            void Near(string what, double actual, double expected)
            {
                double tolerance = 4e-6 * inverse * Math.Max(1, Math.Abs(expected));
                if (!(Math.Abs(actual - expected) <= tolerance))
                    Assert.Fail($"{what} of channel {c}: {actual:G9} instead of {expected:G9}, tolerance {tolerance:E2}");
            }
        }
    }

    private static double Value<TFunction>(double x) where TFunction : unmanaged, IPointwise => EveryFunction.Of<TFunction>([x])[0];
}
