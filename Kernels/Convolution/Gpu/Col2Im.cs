using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Sums the gradients of written-out windows into dx: each value of dx is the sum of its copies, taps in ascending order. Groups: x the
/// values of some images. Memory-bound.
/// </summary>
/// <param name="accumulate">Whether to add to dx instead of overwriting it.</param>
/// <param name="isBFloat16">Whether dx is stored as bfloat16. The windows are floats.</param>
/// <param name="columns">[group][pixel][R * S * Channels]</param>
/// <param name="dx">[image][SourceH][SourceW][SourceChannels]</param>
[Kernel(Threads)]
internal readonly partial struct Col2Im(
    [Specialization] Flag accumulate, [Specialization] Flag isBFloat16, ReadOnlyView<float> columns, View<float> dx, WindowMap map)
{
    private const int Threads = 256;

    /// <summary>Returns the groups that a launch needs.</summary>
    public static Size3 Groups(WindowMap map) => new(Size3.Groups(Values(map), Threads));

    public void Execute()
    {
        PixelGrid grid = map.Grid;
        int at = GlobalId.X;
        if (at >= Values(map)) return;
        int image = map.Image.Divide(at), inside = at - image * map.Image.Value;
        int h = map.Row.Divide(inside), left = inside - h * map.Row.Value;
        int w = map.Pixel.Divide(left), depth = left - w * map.Pixel.Value;
        int group = map.Channels.Divide(depth), channel = depth - group * map.Channels.Value;
        // Tap (r, s) sees this pixel in the window that starts r above it and s to its left, if that is a multiple of the step from the
        // padding's edge.
        int top = h - grid.StartH, edge = w - grid.StartW;
        float sum = 0;
        for (int r = map.StepH.Remainder(top); r < map.R && r <= top; r += grid.StepH)
        {
            int p = map.StepH.Divide(top - r);
            if (p < grid.H)
            {
                for (int s = map.StepW.Remainder(edge); s < map.S.Value && s <= edge; s += grid.StepW)
                {
                    int q = map.StepW.Divide(edge - s), pixel = group * grid.Pixels + image * grid.Area.Value + p * grid.W.Value + q;
                    if (q < grid.W.Value) sum += columns[pixel * map.Length.Value + (r * map.S.Value + s) * map.Channels.Value + channel];
                }
            }
        }
        int to = map.FirstImage * map.Image.Value + at;
        StoredValues.Store(dx, to, accumulate ? StoredValues.Load(dx, to, isBFloat16) + sum : sum, isBFloat16);
    }

    /// <summary>Number of values in the images that the pixels belong to.</summary>
    private static int Values(WindowMap map) => map.Grid.Area.Divide(map.Grid.Pixels) * map.Image.Value;
}
