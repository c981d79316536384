using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Copies channels of each pixel: y[pixel, target + c] = x[pixel, source + c] for c below <paramref name="channels"/>. Memory-bound.
/// </summary>
/// <param name="width">
/// Number of channels that a thread copies at once: 8 if either tensor is bfloat16 and all channel counts and offsets are multiples of 8,
/// 4 if they are multiples of 4, else 1.
/// </param>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[pixels][xChannels]</param>
/// <param name="y">[pixels][yChannels]; the other channels are left unchanged.</param>
[Kernel(256)]
internal readonly partial struct CopyChannels(
    [Specialization(4)] int width, [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x,
    int xChannels, int source, View<float> y, int yChannels, int target, int channels, int pixels) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)pixels * (channels / width), 256));

    /// <summary>Creates the kernel with the greatest width that fits.</summary>
    public static CopyChannels Of(
        bool isBFloat16X, bool isBFloat16Y, ReadOnlyView<float> x, int xChannels, int source, View<float> y, int yChannels, int target,
        int channels, int pixels) =>
        new(ChannelLanes.For(xChannels | source | yChannels | target | channels, isBFloat16X || isBFloat16Y), isBFloat16X, isBFloat16Y,
            x, xChannels, source, y, yChannels, target, channels, pixels);

    public void Execute()
    {
        int parts = KernelMath.Max(channels, 0) / width, pixel = GlobalId.X / parts, channel = GlobalId.X % parts * width;
        if (pixel >= pixels) return;
        int from = pixel * xChannels + source + channel, to = pixel * yChannels + target + channel;
        if (width == 8) StoredValues.Store8(y, to, StoredValues.Load8(x, from, isBFloat16X), isBFloat16Y);
        else if (width == 4) StoredValues.Store4(y, to, StoredValues.Load4(x, from, isBFloat16X), isBFloat16Y);
        else StoredValues.Store(y, to, StoredValues.Load(x, from, isBFloat16X), isBFloat16Y);
    }
}
