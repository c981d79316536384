using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class RoundWeightsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => WeightsAreRoundedToBFloat16(1028);

    /// <summary>A last group that is not full.</summary>
    [TestCase(1028)]
    [TestCase(4)]
    public void WeightsAreRoundedToBFloat16(int count)
    {
        float[] weights = Numbers.Reals(count, 1, limit: 3);
        DeviceBuffer<float> rounded = Device.UnsetStored(count + 4, true);
        var kernel = new RoundWeights(Device.Buffer<float>(weights), rounded, count);
        Run(kernel, kernel.Groups);
        float[] expected = [.. BFloat16Numbers.Rounded(weights), .. Enumerable.Repeat(float.NaN, 4)];
        Assert.That(BFloat16Numbers.Values(rounded, count + 4, true), Is.EqualTo(expected));
    }
}
