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
        var split = new BatchNormParts(channels, rows);
        var gather = new BatchNormMoments(
            split.Width, split.Lanes, false, scalars, Device.Buffer<float>(values), moments, area, channels, PartRows);
        Run(gather, split.Groups with { Y = parts });
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

    /// <summary>Tensors stored as bfloat16: statistics are of the stored values, and results are rounded once.</summary>
    [TestCase(12, 0)]
    [TestCase(8, 4)]
    [TestCase(7, 2)]
    public void NormalizesTensorsOfHalfTheSize(int channels, int others)
    {
        Compare<ReLU>(channels, 33, images: 3, real: 2, adds: others == 0, others, isBFloat16: true);
        Compare<Tanh>(channels, 33, images: 3, real: 3, adds: false, others, isBFloat16: true);
    }

    private void RunFunction<TFunction>() where TFunction : unmanaged, IPointwise
    {
        foreach (int channels in new[] { 3, 12 })
            foreach (bool adds in new[] { false, true }) Compare<TFunction>(channels, 5, images: 3, real: 2, adds);
        if (typeof(TFunction) == typeof(ReLU)) Compare<TFunction>(8, 5, images: 3, real: 2, adds: true, isBFloat16: true);
    }

    private void Compare<TFunction>(int channels, int area, int images, int real, bool adds, int others = 0, bool isBFloat16 = false)
        where TFunction : unmanaged, IPointwise
    {
        // The output and its gradient may be the first channels of wider volumes.
        int rows = images * area, count = rows * channels, pitch = channels + others;
        var parts = new BatchNormParts(channels, rows);
        var grid = new BatchNormGrid(channels, rows, pitch);
        float[] values = Stored(count, 1, isBFloat16), addends = Stored(count, 2, isBFloat16);
        float[] gradients = Stored(rows * pitch, 3, isBFloat16);
        float[] weights = Numbers.Reals(channels, 4), biases = Numbers.Reals(channels, 5);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { Images = real, UpdatesState = 1 });
        DeviceBuffer<float> x = Device.Stored(values, isBFloat16), addend = Device.Stored(addends, isBFloat16),
            dy = Device.Stored(gradients, isBFloat16);
        DeviceBuffer<float> weight = Device.Buffer<float>(weights), bias = Device.Buffer<float>(biases);
        DeviceBuffer<float> moments = Device.Unset<float>(3 * parts.Count * channels), statistics = Device.Unset<float>(2 * channels);
        DeviceBuffer<float> sums = Device.Unset<float>((int)parts.Floats);
        DeviceBuffer<float> runningMean = Device.Buffer(new float[channels]), runningVariance = Device.Buffer(new float[channels]);
        DeviceBuffer<float> batches = Device.Buffer(7f);
        DeviceBuffer<float> storedY = Device.UnsetStored(rows * pitch, isBFloat16);
        DeviceBuffer<float> storedInferred = Device.UnsetStored(rows * pitch, isBFloat16);
        DeviceBuffer<float> storedDx = Device.UnsetStored(count, isBFloat16);
        DeviceBuffer<float> storedAddend = Device.UnsetStored(adds ? count : 0, isBFloat16);
        DeviceBuffer<float> dweight = Device.Unset<float>(channels), dbias = Device.Unset<float>(channels);

        Run(new BatchNormMoments(parts.Width, parts.Lanes, isBFloat16, scalars, x, moments, area, channels, parts.PartRows), parts.Groups);
        var finish = new BatchNormStatistics(
            scalars, moments, statistics, runningMean, runningVariance, batches, area, channels, parts.PartRows, parts.Count,
                Epsilon, Momentum);
        Run(finish, finish.Groups);
        ReadOnlyView<float> scales = ((ReadOnlyView<float>)statistics).Slice(channels);
        Run(new BatchNormForward<TFunction>(
            grid.Lanes, false, adds, isBFloat16, isBFloat16, isBFloat16, x, addend, storedY, statistics, scales, weight, bias,
            grid, Epsilon, default), grid.Groups);
        Run(new BatchNormForward<TFunction>(
            grid.Lanes, true, adds, isBFloat16, isBFloat16, isBFloat16, x, addend, storedInferred, runningMean, runningVariance,
            weight, bias, grid, Epsilon, default), grid.Groups);
        Run(new BatchNormGradientSums<TFunction>(
            parts.Width, parts.Lanes, pitch % 4 == 0, isBFloat16, isBFloat16, scalars, x, storedY, dy, statistics, sums, area, channels,
            pitch, parts.PartRows, default), parts.Groups);
        var parameters = new BatchNormParameterGradients(sums, scales, dweight, dbias, channels, parts.Count);
        Run(parameters, parameters.Groups);
        Run(new BatchNormInputGradient<TFunction>(
            grid.Lanes, adds, false, isBFloat16, isBFloat16, isBFloat16, scalars, x, storedY, dy, storedDx, storedAddend, statistics,
            weight, dweight, dbias, grid, area, default), grid.Groups);

        DeviceBuffer<float> frozen = Device.Unset<float>(2 * channels), storedFrozen = Device.UnsetStored(count, isBFloat16);
        DeviceBuffer<float> storedFrozenAddend = Device.UnsetStored(adds ? count : 0, isBFloat16);
        var constants = new BatchNormFrozenStatistics(runningMean, runningVariance, frozen, channels, Epsilon);
        Run(constants, constants.Groups);
        Run(new BatchNormFrozenInputGradient<TFunction>(
            grid.Lanes, adds, isBFloat16, isBFloat16, isBFloat16, scalars, storedInferred, dy, storedFrozen, storedFrozenAddend,
            runningVariance, weight, grid, area, Epsilon, default), grid.Groups);
        float[] y = Read(storedY, rows * pitch, isBFloat16), inferred = Read(storedInferred, rows * pitch, isBFloat16);
        float[] dx = Read(storedDx, count, isBFloat16), daddend = Read(storedAddend, adds ? count : 0, isBFloat16);
        float[] frozenDx = Read(storedFrozen, count, isBFloat16), frozenAddend = Read(storedFrozenAddend, adds ? count : 0, isBFloat16);

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
                Rounded("y", y[output], Value<TFunction>((values[i] - mean) * inverse * weights[c] + biases[c] + added));
                double normalized = (values[i] - nextMean) / Math.Sqrt(nextVariance + Epsilon);
                Rounded("inferred", inferred[output], Value<TFunction>(normalized * weights[c] + biases[c] + added));
                double through = PointwiseFunctions.Backward(default(TFunction), inferred[output], gradients[output]);
                Rounded("dx of frozen statistics", frozenDx[i],
                    row < realRows ? through * weights[c] / Math.Sqrt(nextVariance + Epsilon) : 0);
                if (adds) Rounded("gradient of the addend of frozen statistics", frozenAddend[i], through);
            }
            double[] dz = [.. Enumerable.Range(0, rows).Select(row => row * pitch + c)
                .Select(i => (double)PointwiseFunctions.Backward(default(TFunction), y[i], gradients[i]))];
            double level = dz.Take(realRows).Sum(), slope = places.Select((i, row) => dz[row] * (values[i] - mean) * inverse).Sum();
            Near("dbias", dbias.Span[c], level);
            Near("dweight", dweight.Span[c], slope);
            for (int row = 0; row < rows; row++)
            {
                int i = row * channels + c;
                double expected = inverse * weights[c] * (dz[row] - level / realRows - (values[i] - mean) * inverse * slope / realRows);
                Rounded("dx", dx[i], row < realRows ? expected : 0);
                if (adds) Rounded("gradient of the addend", daddend[i], dz[row]);
            }

            void Rounded(string what, double actual, double expected) => Near(what, actual, expected, isBFloat16);

            void Near(string what, double actual, double expected, bool isRounded = false)
            {
                double tolerance = 4e-6 * inverse * Math.Max(1, Math.Abs(expected));
                if (isRounded) tolerance += BFloat16Numbers.HalfUlp * (Math.Abs(expected) + tolerance);
                if (!(Math.Abs(actual - expected) <= tolerance))
                    Assert.Fail($"{what} of channel {c}: {actual:G9} instead of {expected:G9}, tolerance {tolerance:E2}");
            }
        }
    }

    private static float[] Stored(int count, int seed, bool isBFloat16) =>
        isBFloat16 ? BFloat16Numbers.Rounded(Numbers.Reals(count, seed)) : Numbers.Reals(count, seed);

    private static float[] Read(DeviceBuffer<float> buffer, int count, bool isBFloat16) =>
        BFloat16Numbers.Values(buffer, count, isBFloat16);

    private static double Value<TFunction>(double x) where TFunction : unmanaged, IPointwise => EveryFunction.Of<TFunction>([x])[0];
}
