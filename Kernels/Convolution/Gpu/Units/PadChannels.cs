using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu.Units;

/// <summary>
/// Copies rows of floats to longer rows, with zeros at their ends: the pixels of an image with 3 channels become whole loads of 16 bytes,
/// and the filter follows. Memory-bound.
/// </summary>
/// <param name="x">[rows][from]</param>
/// <param name="y">[rows][to]; overwritten.</param>
/// <param name="from">Floats in a row of x.</param>
/// <param name="runs">Runs of four in a row of y.</param>
/// <param name="count">Runs of four in y.</param>
[Kernel(Threads)]
internal readonly partial struct PadChannels(ReadOnlyView<float> x, View<float> y, int from, Divisor runs, int count) : IKernelGrid
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    public void Execute()
    {
        int run = GlobalId.X;
        if (run >= count) return;
        int row = runs.Divide(run), position = (run - row * runs.Value) * 4, at = row * from + position;
        y.Store4(run * 4, new Float4(
            At(x, at, position, from), At(x, at + 1, position + 1, from), At(x, at + 2, position + 2, from),
            At(x, at + 3, position + 3, from)));
    }

    private static float At(ReadOnlyView<float> x, int index, int position, int from) => position < from ? x[index] : 0;
}
