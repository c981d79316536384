using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution;

/// <summary>
/// The gradient of what was written out as windows: each value of dx is the sum of its copies, taps in ascending order. Groups: x the values of some images. Memory bound.
/// </summary>
/// <param name="accumulate">Whether dx is added to, not written over.</param>
/// <param name="columns">[group][pixel][R * S * Channels]</param>
/// <param name="dx">[image][SourceH][SourceW][SourceChannels]</param>
[Kernel(Threads)]
public readonly partial struct Col2Im([Specialization] bool accumulate, ReadOnlyView<float> columns, View<float> dx, WindowMap map)
{
    private const int Threads = 256;

    /// <summary>The groups that a launch needs.</summary>
    public static Size3 Groups(WindowMap map) => new(Size3.Groups(Values(map), Threads));

    public void Execute()
    {
        PixelGrid grid = map.Grid;
        int at = GlobalId.X;
        if (at >= Values(map)) return;
        int place = at / grid.SourceChannels, depth = at - place * grid.SourceChannels, line = place / grid.SourceW, w = place - line * grid.SourceW;
        int image = line / grid.SourceH, h = line - image * grid.SourceH, group = depth / map.Channels, channel = depth - group * map.Channels;
        // The first tap that sees this row, and how far it is from the top of its window: h = p * StepH + StartH + r.
        int top = h - grid.StartH, left = w - grid.StartW;
        float sum = 0;
        for (int r = top % grid.StepH; r < map.R; r += grid.StepH)
        {
            int p = (top - r) / grid.StepH;
            if (r <= top && p < grid.H)
            {
                for (int s = left % grid.StepW; s < map.S; s += grid.StepW)
                {
                    int q = (left - s) / grid.StepW;
                    if (s <= left && q < grid.W)
                        sum += columns[((group * grid.Pixels + (image * grid.H + p) * grid.W + q) * map.R * map.S + r * map.S + s) * map.Channels + channel];
                }
            }
        }
        int to = grid.Source(map.FirstImage + image, h, w) + depth;
        dx[to] = accumulate ? dx[to] + sum : sum;
    }

    /// <summary>Values of the images that the pixels belong to.</summary>
    private static int Values(WindowMap map) => map.Grid.Pixels / (map.Grid.H * map.Grid.W) * map.Grid.SourceH * map.Grid.SourceW * map.Grid.SourceChannels;
}
