using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class DropoutTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        DropsLikeTheReferenceAndTheCpu(2, 3, 7, 0.5f);
        DropsTheSameOfBFloat16(3, 5, 137, true, true);
    }

    /// <summary>Drops the values that the reference drops, with the CPU's bits.</summary>
    [TestCase(3, 1027, 1, 0.5f)]
    [TestCase(2, 5, 7, 0.1f)]
    [TestCase(2, 8, 64, 0.7f)]
    [TestCase(1, 1, 1, 0.3f)]
    [TestCase(2, 4, 9, 0)]
    public void DropsLikeTheReferenceAndTheCpu(int images, int channels, int area, float probability)
    {
        const ulong Layer = 3;
        var scalars = new StepScalars { Seed = 0xFEDCBA9876543210, Step = 1UL << 40, LearningRate = 7, Images = 9 };
        var extent = new Extent(images, channels, 1, area);
        float[] plain = Numbers.Reals(extent.Count, 1);
        DeviceBuffer<StepScalars> step = Device.Buffer(scalars);
        DeviceBuffer<float> x = Device.Buffer<float>(ChannelsLast.From(plain, extent)), y = Device.Unset<float>(extent.Count);
        float scale = 1 / (1 - probability);
        var kernel = new Dropout(false, false, step, x, y, Layer, probability, scale, new(channels), new(area), extent.Count);
        Run(kernel, kernel.Groups);
        float[] actual = ChannelsLast.ToPlain<float>(y.Span, extent);
        double[] expected =
            new ReferenceDropout(probability, Layer, scalars.Seed, scalars.Step).Forward(extent, Numbers.ToDouble(plain), []);
        Closeness.Check("y", actual, expected, Closeness.Tolerance(1, Math.Pow(2, -24), expected));
        Closeness.CheckSameBits("y as on the CPU", actual, OnCpu(scalars, Layer, probability, extent, plain));

        var inPlace = new Dropout(false, false, step, x, x, Layer, probability, scale, new(channels), new(area), extent.Count);
        Run(inPlace, inPlace.Groups);
        Closeness.CheckSameBits("in place", x.Span, y.Span);
    }

    /// <summary>Gives what floats of the same values give, rounded.</summary>
    [TestCase(3, 5, 137, true, true)]
    [TestCase(2, 1032, 1, true, false)]
    [TestCase(1, 7, 1, false, true)]
    public void DropsTheSameOfBFloat16(int images, int channels, int area, bool isBFloat16X, bool isBFloat16Y)
    {
        int count = images * channels * area;
        float[] values = StoredTensor.Rounded(Numbers.Reals(count, 1), isBFloat16X);
        DeviceBuffer<StepScalars> step = Device.Buffer(new StepScalars { Seed = 5, Step = 9, Images = images });
        DeviceBuffer<float> expected = Device.Unset<float>(count), y = Device.UnsetStored(count, isBFloat16Y);
        var kernel = new Dropout(
            false, false, step, Device.Buffer<float>(values), expected, 3, 0.7f, 1 / 0.3f, new(channels), new(area), count);
        Run(kernel, kernel.Groups);
        var stored = new Dropout(
            isBFloat16X, isBFloat16Y, step, StoredTensor.Buffer(Device, values, isBFloat16X), y, 3, 0.7f, 1 / 0.3f,
            new(channels), new(area),
            count);
        Run(stored, stored.Groups);
        StoredTensor.Check("y", y, StoredTensor.Rounded(expected.Span.ToArray(), isBFloat16Y), isBFloat16Y);
    }

    /// <summary>A rank's images lose the values that they lose in a batch of all ranks.</summary>
    [TestCase(5, 7, 1)]
    [TestCase(4, 5, 9)]
    public void ARankDropsWhatOneProcessDrops(int images, int channels, int area)
    {
        var scalars = new StepScalars { Seed = 11, Step = 3, Images = images };
        var whole = new Extent(images, channels, 1, area);
        float[] plain = Numbers.Reals(whole.Count, 1), all = Dropped(scalars, whole, plain);
        for (int first = 0, count = 1; first < images; first += count, count = Math.Min(2, images - first))
        {
            int start = first * channels * area;
            var part = new Extent(count, channels, 1, area);
            StepScalars own = scalars with { Images = count, AllImages = images, FirstImage = first };
            float[] values = plain[start..(start + part.Count)], expected = all[start..(start + part.Count)];
            Closeness.CheckSameBits("a rank's y", Dropped(own, part, values), expected);
            Closeness.CheckSameBits("a rank's y on the CPU", OnCpu(own, 3, 0.5f, part, values), expected);
        }

        float[] Dropped(StepScalars step, Extent extent, float[] values)
        {
            DeviceBuffer<float> x = Device.Buffer<float>(ChannelsLast.From(values, extent)), y = Device.Unset<float>(extent.Count);
            var kernel = new Dropout(false, false, Device.Buffer(step), x, y, 3, 0.5f, 2, new(channels), new(area), extent.Count);
            Run(kernel, kernel.Groups);
            return ChannelsLast.ToPlain<float>(y.Span, extent);
        }
    }

    /// <summary>Dropped values become 0, even NaN.</summary>
    [Test]
    public void DroppedNaNBecomesZero()
    {
        float[] values = [.. Enumerable.Repeat(float.NaN, 63)];
        DeviceBuffer<float> x = Device.Buffer<float>(values), y = Device.Unset<float>(63);
        var kernel = new Dropout(false, false, Device.Buffer(new StepScalars()), x, y, 0, 0.5f, 2, new(63), new(1), 63);
        Run(kernel, kernel.Groups);
        Assert.That(y.Span.ToArray(), Has.Some.Zero.And.Some.NaN.And.All.Matches<float>(value => value == 0 || float.IsNaN(value)));
    }

    private static unsafe float[] OnCpu(StepScalars scalars, ulong layer, float probability, Extent extent, float[] plain)
    {
        int blocks = Blocks.Count(extent.Channels), area = extent.Width;
        var x = new float[extent.Images * blocks * area * Blocks.Size];
        for (int i = 0; i < plain.Length; i++) x[At(i)] = plain[i];
        fixed (float* values = x)
        {
            var kernel = new CpuDropout(&scalars, layer, probability, extent.Images, extent.Channels, area, values, values);
            for (int chunk = 0; chunk < kernel.Chunks; chunk++) kernel.Run(chunk);
        }
        return [.. Enumerable.Range(0, plain.Length).Select(i => x[At(i)])];

        int At(int i)
        {
            int image = i / (extent.Channels * area), channel = i / area % extent.Channels;
            return ((image * blocks + channel / Blocks.Size) * area + i % area) * Blocks.Size + channel % Blocks.Size;
        }
    }
}
