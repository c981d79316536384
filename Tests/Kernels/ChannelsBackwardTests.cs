using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class ChannelsBackwardTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        foreach (Type function in EveryFunction.Types)
            EveryFunction.Call(this, nameof(RunFunction), function);
        ReadsBFloat16(8, 8, 24, 3);
        ReadsBFloat16(8, 4, 20, 3);
        ReadsBFloat16(3, 4, 9, 3);
    }

    /// <summary>Multiples of four channels and single ones; all channels; more than one group's.</summary>
    [TestCase(8, 4, 20, 3)]
    [TestCase(3, 4, 20, 5)]
    [TestCase(8, 1, 11, 5)]
    [TestCase(8, 0, 8, 2)]
    [TestCase(12, 8, 32, 300)]
    public void ReadsOnlyItsChannels(int channels, int first, int pitch, int pixels) => Compare<Tanh>(channels, first, pitch, pixels);

    /// <summary>Gives what floats of the same values give, rounded: by eight channels, by four and one by one.</summary>
    [TestCase(8, 8, 24, 3)]
    [TestCase(8, 4, 24, 3)]
    [TestCase(8, 4, 20, 3)]
    [TestCase(3, 4, 9, 3)]
    [TestCase(16, 0, 16, 150)]
    public void ReadsBFloat16(int channels, int first, int pitch, int pixels)
    {
        float[] y = StoredTensor.Rounded(Numbers.Reals(pixels * pitch, 1)), dy = StoredTensor.Rounded(Numbers.Reals(pixels * pitch, 2));
        Run(false);
        Run(true);

        void Run(bool isBFloat16)
        {
            ReadOnlyView<float> values = StoredTensor.Buffer(Device, y, isBFloat16),
                gradients = StoredTensor.Buffer(Device, dy, isBFloat16);
            int start = isBFloat16 ? first / 2 : first;
            DeviceBuffer<float> dx = Device.UnsetStored(pixels * channels, isBFloat16);
            ChannelsBackward<ReLU> kernel = ChannelsBackward<ReLU>.Of(
                isBFloat16, values.Slice(start), gradients.Slice(start), dx, channels, pitch, pixels, default);
            this.Run(kernel, kernel.Groups);
            float[] expected = [.. from pixel in Enumerable.Range(0, pixels)
                                   from channel in Enumerable.Range(0, channels)
                                   let i = pixel * pitch + first + channel
                                   select y[i] > 0 ? dy[i] : 0];
            StoredTensor.Check("dx", dx, expected, isBFloat16);
        }
    }

    private void RunFunction<TFunction>() where TFunction : unmanaged, IPointwise
    {
        Compare<TFunction>(8, 4, 20, 3);
        Compare<TFunction>(3, 4, 9, 3);
    }

    private void Compare<TFunction>(int channels, int first, int pitch, int pixels) where TFunction : unmanaged, IPointwise
    {
        float[] y = Numbers.Reals(pixels * pitch, 1), dy = Numbers.Reals(pixels * pitch, 2);
        DeviceBuffer<float> values = Device.Buffer<float>(y), gradients = Device.Buffer<float>(dy),
            dx = Device.Unset<float>(pixels * channels + 8);
        ChannelsBackward<TFunction> kernel = ChannelsBackward<TFunction>.Of(
            false, ((ReadOnlyView<float>)values).Slice(first), ((ReadOnlyView<float>)gradients).Slice(first), dx, channels, pitch,
                pixels, default);
        Run(kernel, kernel.Groups);
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int c = 0; c < channels; c++)
            {
                int i = pixel * pitch + first + c;
                float expected = PointwiseFunctions.Backward(default(TFunction), y[i], dy[i]);
                Assert.That(dx.Span[pixel * channels + c], Is.EqualTo(expected).Within(1e-6f * Math.Max(1, Math.Abs(expected))),
                    $"pixel {pixel}, channel {c}");
            }
        }
        Assert.That(dx.Span[(pixels * channels)..].ToArray(), Is.All.NaN);
    }
}
