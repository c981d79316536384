using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Layout;

/// <summary>Copies some channels of each pixel: y[pixel, target + c] = x[pixel, source + c] for c below <paramref name="channels"/>. Memory bound.</summary>
/// <param name="width">Channels a thread copies at once, 4 or 1: 4 where all of the numbers of channels below are multiples of it.</param>
/// <param name="x">[pixels][xChannels]</param>
/// <param name="y">[pixels][yChannels]; other channels stay as they are.</param>
[Kernel(256)]
public readonly partial struct CopyChannels(
    [Specialization(4)] int width, ReadOnlyView<float> x, int xChannels, int source, View<float> y, int yChannels, int target, int channels,
        int pixels) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)pixels * (channels / width), 256));

    /// <summary>The widest that fits.</summary>
    public static CopyChannels Of(ReadOnlyView<float> x, int xChannels, int source, View<float> y, int yChannels, int target, int channels, int pixels) =>
        new((xChannels | source | yChannels | target | channels) % 4 == 0 ? 4 : 1, x, xChannels, source, y, yChannels, target, channels, pixels);

    public void Execute()
    {
        int parts = KernelMath.Max(channels, 0) / width, pixel = GlobalId.X / parts, channel = GlobalId.X % parts * width;
        if (pixel >= pixels) return;
        int from = pixel * xChannels + source + channel, to = pixel * yChannels + target + channel;
        if (width == 4) y.Store4(to, x.Load4(from));
        else y[to] = x[from];
    }
}
