using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes dx = f'(x) dy from y = f(x), where y and dy are slices of volumes with more channels. Memory-bound.</summary>
/// <param name="lanes">Channels of a thread: 4 if channels and pitch are multiples of 4, else 1.</param>
/// <param name="y">[pixels][pitch]; only the first channels are read.</param>
/// <param name="dy">Like y.</param>
/// <param name="dx">[pixels][channels]; overwritten.</param>
/// <param name="runs">Threads of a pixel.</param>
/// <param name="count">Threads that have work.</param>
[Kernel(Threads)]
internal readonly partial struct ChannelsBackward<TFunction>(
    [Specialization(4)] int lanes, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, Divisor runs, int pitch, int count,
        TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    /// <summary>Creates the kernel with the most channels per thread that fit.</summary>
    public static ChannelsBackward<TFunction> Of(
        ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int channels, int pitch, int pixels, TFunction function)
    {
        int lanes = (channels | pitch) % 4 == 0 ? 4 : 1;
        return new(lanes, y, dy, dx, new(channels / lanes), pitch, pixels * (channels / lanes), function);
    }

    public void Execute()
    {
        int thread = GlobalId.X;
        if (thread >= count) return;
        int pixel = runs.Divide(thread), from = pixel * pitch + (thread - pixel * runs.Value) * lanes, to = thread * lanes;
        if (lanes == 4) dx.Store4(to, PointwiseFunctions.Backward(function, y.Load4(from), dy.Load4(from)));
        else dx[to] = PointwiseFunctions.Backward(function, y[from], dy[from]);
    }
}

/// <summary>Launches <see cref="ChannelsBackward{TFunction}"/>.</summary>
internal static partial class ChannelsBackward
{
    /// <summary>Computes dx = f'(x) dy for the first channels of y and dy, with the most channels per thread that fit.</summary>
    /// <param name="y">[pixels][pitch]</param>
    /// <param name="dy">[pixels][pitch]</param>
    /// <param name="dx">[pixels][channels]; overwritten.</param>
    [Dispatched]
    public static void Launch<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int channels, int pitch, int pixels,
        TFunction function)
        where TFunction : unmanaged, IPointwise =>
        launches.Add(ChannelsBackward<TFunction>.Of(y, dy, dx, channels, pitch, pixels, function));
}
