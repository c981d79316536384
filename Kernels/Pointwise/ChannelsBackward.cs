using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>dx = f'(x) dy, from y = f(x), where y and dy are some channels of wider volumes. Memory bound.</summary>
/// <param name="lanes">Channels of a thread: 4 where channels and pitch come in fours, else 1.</param>
/// <param name="y">[pixels][pitch], of which the first channels.</param>
/// <param name="dy">As y.</param>
/// <param name="dx">[pixels][channels]; overwritten.</param>
/// <param name="runs">Threads of a pixel.</param>
/// <param name="count">Threads that have something to do.</param>
[Kernel(Threads)]
public readonly partial struct ChannelsBackward<TFunction>(
    [Specialization(4)] int lanes, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, Divisor runs, int pitch, int count,
        TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    /// <summary>The widest that fits.</summary>
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
public static partial class ChannelsBackward
{
    /// <summary>dx = f'(x) dy for the first channels of y and dy, as many at once as fit</summary>
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
