using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Computes the input's gradient of a fully connected layer, dx = dy w, turning the packed filter strip by strip. The filter is read once;
/// a turned copy of the whole filter would have to be written and read again. Overwrites dx. A chunk is a strip of inputs.
/// </summary>
internal sealed unsafe class TurnedProduct : ICpuKernel
{
    private readonly FilterLayout _from, _to;
    private readonly float* _dy, _w, _zeros, _dx;
    private readonly int[] _sources, _targets;
    private readonly int _images;
    private readonly ScratchSlots _slots;

    /// <param name="filter">The layer's filter: rows over inputs, strips over units.</param>
    /// <param name="dy">[images][units, rounded up to blocks]</param>
    /// <param name="w">The filter.</param>
    /// <param name="zeros">[inputs, rounded up to blocks]</param>
    /// <param name="dx">[images][inputs, rounded up to blocks]</param>
    /// <param name="slots">Slots of <see cref="ScratchFloats"/> floats.</param>
    public TurnedProduct(FilterLayout filter, int images, float* dy, float* w, float* zeros, float* dx, ScratchSlots slots)
    {
        if (filter.Groups != 1 || filter.Taps != 1)
            throw new ArgumentException(
                $"A fully connected layer's filter has one group and one tap, but got {filter.Groups} groups and {filter.Taps} taps.",
                nameof(filter));
        _from = filter;
        _to = Turned(filter);
        _images = images;
        _dy = dy;
        _w = w;
        _zeros = zeros;
        _dx = dx;
        _slots = slots;
        _sources = Offsets(Blocks.RoundUp(filter.Outputs));
        _targets = Offsets(Blocks.RoundUp(filter.Channels));

        int[] Offsets(int stride)
        {
            int[] offsets = GC.AllocateUninitializedArray<int>(images, pinned: true);
            for (int image = 0; image < images; image++) offsets[image] = checked(image * stride);
            return offsets;
        }
    }

    public int Chunks => _to.Strips.Length;

    /// <summary>Number of input strips.</summary>
    public static int ChunksOf(FilterLayout filter) => Turned(filter).Strips.Length;

    /// <summary>Number of floats in a turned strip.</summary>
    public static long ScratchFloats(FilterLayout filter) => 2L * filter.VectorWidth * Blocks.RoundUp(filter.Outputs);

    public void Run(int chunk)
    {
        FilterStrip strip = _to.Strips[chunk];
        using ScratchSlots.Slot slot = _slots.Rent();
        float* turned = slot.Memory;
        foreach (FilterStrip from in _from.Strips) Turn(from, strip, turned + (nint)from.Channel * strip.Width);
        int noTap = 0;
        var reduction = new Reduction(_to.BlocksPerGroup, Blocks.Size, &noTap, 1, _to.Lanes, _to.LastLanes);
        PixelStrip.Run(strip, _to.VectorWidth, _dy, reduction, turned, _zeros + strip.Channel, _dx + strip.Channel, Blocks.Size,
            (int*)Unsafe.AsPointer(ref _sources[0]), (int*)Unsafe.AsPointer(ref _targets[0]), 0, _images, default(Identity));
    }

    private static FilterLayout Turned(FilterLayout filter) => new(1, filter.Outputs, 1, Blocks.Size, filter.Channels, filter.VectorWidth);

    /// <summary>
    /// Computes target[unit][input] = w[input][unit] for one strip of units and one of inputs; zero for inputs past the last.
    /// </summary>
    private void Turn(FilterStrip from, FilterStrip to, float* target)
    {
        for (int column = 0; column < to.Width; column += Blocks.Size)
        {
            int input = to.Channel + column, inputs = Math.Min(Blocks.Size, _from.Channels - input);
            float* source = _w + from.Offset + (nint)input * from.Width;
            for (int row = 0; row < from.Width; row += Blocks.Size)
                FilterTurn.Transpose(source + row, from.Width, inputs, target + (nint)row * to.Width + column, to.Width, Blocks.Size);
        }
    }
}
