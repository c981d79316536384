using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Copies channels of each pixel: y[pixel, target + c] = x[pixel, source + c] for c below <paramref name="channels"/>. Memory-bound.
/// </summary>
/// <param name="width">
/// Number of channels that a thread copies at once: 4 if all channel counts and offsets are multiples of 4, else 1.
/// </param>
/// <param name="x">[pixels][xChannels]</param>
/// <param name="y">[pixels][yChannels]; the other channels are left unchanged.</param>
[Kernel(256)]
internal readonly partial struct CopyChannels(
    [Specialization(4)] int width, ReadOnlyView<float> x, int xChannels, int source, View<float> y, int yChannels, int target, int channels,
        int pixels) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)pixels * (channels / width), 256));

    /// <summary>Creates the kernel with the greatest width that fits.</summary>
    public static CopyChannels Of(
        ReadOnlyView<float> x, int xChannels, int source, View<float> y, int yChannels, int target, int channels, int pixels) =>
        new((xChannels | source | yChannels | target | channels) % 4 == 0 ? 4 : 1,
            x, xChannels, source, y, yChannels, target, channels, pixels);

    public void Execute()
    {
        int parts = KernelMath.Max(channels, 0) / width, pixel = GlobalId.X / parts, channel = GlobalId.X % parts * width;
        if (pixel >= pixels) return;
        int from = pixel * xChannels + source + channel, to = pixel * yChannels + target + channel;
        if (width == 4) y.Store4(to, x.Load4(from));
        else y[to] = x[from];
    }
}
