using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes dx = f'(x) dy from y = f(x), where y and dy are slices of volumes with more channels. Memory-bound.</summary>
/// <param name="isBFloat16">How all tensors are stored, see <see cref="StoredValues"/>.</param>
/// <param name="lanes">
/// Channels of a thread: 8 of bfloat16 if channels, pitch and the first values of the views are multiples of 8, 4 if of 4, else 1.
/// </param>
/// <param name="y">[pixels][pitch]; only the first channels are read.</param>
/// <param name="dy">Like y.</param>
/// <param name="dx">[pixels][channels]; overwritten.</param>
/// <param name="runs">Threads of a pixel.</param>
/// <param name="count">Threads that have work.</param>
[Kernel(Threads)]
internal readonly partial struct ChannelsBackward<TFunction>(
    [Specialization] Flag isBFloat16, [Specialization(4)] int lanes, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx,
    Divisor runs, int pitch, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    /// <summary>Creates the kernel with the most channels per thread that fit.</summary>
    public static ChannelsBackward<TFunction> Of(
        bool isBFloat16, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int channels, int pitch, int pixels,
        TFunction function)
    {
        bool isEight = isBFloat16 && (channels | pitch) % 8 == 0 && (y.Offset | dy.Offset | dx.Offset) % 16 == 0;
        int lanes = isEight ? 8 : (channels | pitch) % 4 == 0 ? 4 : 1;
        return new(isBFloat16, lanes, y, dy, dx, new(channels / lanes), pitch, pixels * (channels / lanes), function);
    }

    public void Execute()
    {
        int thread = GlobalId.X;
        if (thread >= count) return;
        int pixel = runs.Divide(thread), from = pixel * pitch + (thread - pixel * runs.Value) * lanes, to = thread * lanes;
        if (lanes == 8)
        {
            Float8 values = StoredValues.Load8(y, from, isBFloat16), gradients = StoredValues.Load8(dy, from, isBFloat16);
            StoredValues.Store8(dx, to, PointwiseFunctions.Backward(function, values, gradients), isBFloat16);
        }
        else if (lanes == 4)
        {
            Float4 values = StoredValues.Load4(y, from, isBFloat16), gradients = StoredValues.Load4(dy, from, isBFloat16);
            StoredValues.Store4(dx, to, PointwiseFunctions.Backward(function, values, gradients), isBFloat16);
        }
        else
        {
            float value = StoredValues.Load(y, from, isBFloat16), gradient = StoredValues.Load(dy, from, isBFloat16);
            StoredValues.Store(dx, to, PointwiseFunctions.Backward(function, value, gradient), isBFloat16);
        }
    }
}

/// <summary>Launches <see cref="ChannelsBackward{TFunction}"/>.</summary>
internal static partial class ChannelsBackward
{
    /// <summary>Computes dx = f'(x) dy for the first channels of y and dy, with the most channels per thread that fit.</summary>
    /// <param name="isBFloat16">How all three are stored.</param>
    /// <param name="y">[pixels][pitch]</param>
    /// <param name="dy">[pixels][pitch]</param>
    /// <param name="dx">[pixels][channels]; overwritten.</param>
    [Dispatched]
    public static void Launch<TFunction>(
        IKernelLaunches launches, bool isBFloat16, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int channels, int pitch,
        int pixels, TFunction function)
        where TFunction : unmanaged, IPointwise =>
        launches.Add(ChannelsBackward<TFunction>.Of(isBFloat16, y, dy, dx, channels, pitch, pixels, function));
}
