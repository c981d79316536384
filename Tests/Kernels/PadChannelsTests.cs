using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class PadChannelsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => RowsEndInZeros(300, 3, 4);

    /// <summary>A last group that is not full; rows of one run and of several.</summary>
    [TestCase(300, 3, 4)]
    [TestCase(7, 10, 16)]
    public void RowsEndInZeros(int rows, int from, int to)
    {
        float[] x = Numbers.Reals(rows * from, 1);
        DeviceBuffer<float> y = Device.Unset<float>(rows * to + 4);
        var kernel = new PadChannels(Device.Buffer<float>(x), y, from, new Divisor(to / 4), rows * to / 4);
        Run(kernel, kernel.Groups);
        float[] expected =
        [
            .. x.Chunk(from).SelectMany(row => row.Concat(Enumerable.Repeat(0f, to - from))), .. Enumerable.Repeat(float.NaN, 4),
        ];
        Assert.That(y.Span.ToArray(), Is.EqualTo(expected));
    }
}
