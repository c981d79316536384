using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Strip of output channels that one tile computes. Its filter is [Rows][Width], contiguous.</summary>
/// <param name="Offset">Offset of the strip in the packed filter, in floats.</param>
/// <param name="Width">Output channels: 8, 16 or 32.</param>
/// <param name="Channel">First output channel, counted in whole blocks over all groups.</param>
/// <param name="Group">Group of the convolution.</param>
internal readonly record struct FilterStrip(int Offset, int Width, int Channel, int Group);

/// <summary>
/// Layout of a filter on the CPU device. Output channels are cut into strips. A strip holds rows in the order of the reduction (block of
/// input channels, tap, lane), and each row holds the strip's output channels. The forward pass streams through it, the filter's gradient
/// has the same layout, and the optimizer works on it as flat memory.
/// </summary>
internal sealed class FilterLayout
{
    private readonly int[] _stripOfBlock;

    public FilterLayout(int groups, int channels, int taps, int lanes, int outputs, int vectorWidth)
    {
        Groups = groups;
        Channels = channels;
        Taps = taps;
        Lanes = Math.Min(lanes, channels);
        BlocksPerGroup = (channels + lanes - 1) / lanes;
        LastLanes = channels - (BlocksPerGroup - 1) * lanes;
        Outputs = outputs;
        VectorWidth = vectorWidth;
        Rows = checked(channels * taps);

        var strips = new List<FilterStrip>();
        int offset = 0;
        for (int group = 0; group < groups; group++)
        {
            int first = group * outputs;
            for (int left = Blocks.RoundUp(outputs); left > 0;)
            {
                int width = left >= 2 * vectorWidth ? 2 * vectorWidth : left >= vectorWidth ? vectorWidth : Blocks.Size;
                strips.Add(new(offset, width, first, group));
                offset = checked(offset + Rows * width);
                first += width;
                left -= width;
            }
        }
        Strips = [.. strips];
        _stripOfBlock = [.. strips.SelectMany((strip, index) => Enumerable.Repeat(index, strip.Width / Blocks.Size))];
        Count = offset;
    }

    public int Groups { get; }

    /// <summary>Input channels of a group, or the floats of a row if the input is stored channels-last.</summary>
    public int Channels { get; }

    public int Taps { get; }

    public int Lanes { get; }

    public int BlocksPerGroup { get; }

    public int LastLanes { get; }

    /// <summary>Output channels of a group.</summary>
    public int Outputs { get; }

    public int VectorWidth { get; }

    /// <summary>Number of rows in a strip: input channels of a group times taps.</summary>
    public int Rows { get; }

    public FilterStrip[] Strips { get; }

    /// <summary>Number of floats in the packed filter.</summary>
    public int Count { get; }

    /// <summary>Returns the row of an input channel (of its group) at a tap.</summary>
    public int Row(int channel, int tap)
    {
        int block = channel / Lanes, lane = channel - block * Lanes;
        int lanes = block == BlocksPerGroup - 1 ? LastLanes : Lanes;
        return block * Lanes * Taps + tap * lanes + lane;
    }

    /// <summary>Returns the strip that holds output channel <paramref name="output"/> of a group.</summary>
    public FilterStrip StripOf(int group, int output)
    {
        int channel = group * Outputs + output;
        return Strips[_stripOfBlock[channel / Blocks.Size]];
    }

    /// <summary>Returns the index of one weight in the packed filter.</summary>
    public int IndexOf(int group, int output, int channel, int tap)
    {
        FilterStrip strip = StripOf(group, output);
        return strip.Offset + Row(channel, tap) * strip.Width + (group * Outputs + output - strip.Channel);
    }
}
