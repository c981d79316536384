using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Writes out the windows of a convolution; zeros outside the map. Groups: x the pixels' values, z the groups of channels. Memory-bound.
/// </summary>
/// <param name="width">Number of values that a thread moves: 4 if the channels of a group and of x are multiples of 4, otherwise 1.</param>
/// <param name="isBFloat16">Whether x and the windows are stored as bfloat16.</param>
/// <param name="x">[image][SourceH][SourceW][SourceChannels]</param>
/// <param name="columns">[group][pixel][R * S * Channels]</param>
[Kernel(Threads)]
internal readonly partial struct Im2Col(
    [Specialization(4)] int width, [Specialization] Flag isBFloat16, ReadOnlyView<float> x, View<float> columns, WindowMap map)
{
    private const int Threads = 256;

    /// <summary>Returns the groups that a launch needs.</summary>
    public static Size3 Groups(int width, WindowMap map, int groups) =>
        new(Size3.Groups((long)map.Grid.Pixels * map.Length.Value / width, Threads), 1, groups);

    public void Execute()
    {
        int at = GlobalId.X * width, pixel = map.Length.Divide(at), value = at - pixel * map.Length.Value, group = GroupId.Z;
        if (pixel >= map.Grid.Pixels) return;
        int tap = map.Channels.Divide(value), channel = value - tap * map.Channels.Value, r = map.S.Divide(tap), s = tap - r * map.S.Value;
        (int image, int p, int q) = map.Grid.Position(pixel);
        int h = p * map.Grid.StepH + map.Grid.StartH + r, w = q * map.Grid.StepW + map.Grid.StartW + s;
        bool exists = map.Grid.Contains(h, w);
        int from = map.Grid.Source(map.FirstImage + image, h, w) + group * map.Channels.Value + channel;
        int to = group * map.Grid.Pixels * map.Length.Value + at;
        if (width == 4)
        {
            var values = new Float4(0, 0, 0, 0);
            if (exists) values = StoredValues.Load4(x, from, isBFloat16);
            StoredValues.Store4(columns, to, values, isBFloat16);
        }
        else
        {
            StoredValues.Store(columns, to, exists ? StoredValues.Load(x, from, isBFloat16) : 0, isBFloat16);
        }
    }
}
