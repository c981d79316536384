using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Turns a packed filter of one block of input channels into rows over its output channels, with a column for each (tap, lane). Overwrites
/// the target; lanes past the input's channels are zero. A chunk is one strip. Memory-bound.
/// </summary>
internal sealed unsafe class FilterColumns(FilterLayout from, FilterLayout to, float* source, float* target) : ICpuKernel
{
    /// <summary>Layout that a filter is turned into.</summary>
    public static FilterLayout LayoutFor(FilterLayout filter) =>
        new(1, filter.Outputs, 1, Blocks.Size, filter.Taps * Blocks.Size, filter.VectorWidth);

    public int Chunks => from.Strips.Length;

    public void Run(int chunk)
    {
        FilterStrip strip = from.Strips[chunk];
        for (int tap = 0; tap < from.Taps; tap++)
        {
            FilterStrip columns = to.StripOf(0, tap * Blocks.Size);
            float* rows = source + strip.Offset + (nint)from.Row(0, tap) * strip.Width;
            for (int i = 0; i < strip.Width; i += Blocks.Size)
            {
                int firstOutput = strip.Channel + i;
                FilterTurn.Transpose(
                    rows + i, strip.Width, from.Channels,
                    target + columns.Offset + (nint)to.Row(firstOutput, 0) * columns.Width + tap * Blocks.Size - columns.Channel,
                    columns.Width, Math.Min(Blocks.Size, from.Outputs - firstOutput));
            }
        }
    }
}
