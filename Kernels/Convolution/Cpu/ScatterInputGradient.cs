using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Computes the input's gradient for an input of a single channel block, with any stride. Each pixel of dy times the whole filter gives a
/// column of R * S taps, which is added to dx at the positions of the taps. Unlike a convolution over the border, it does no work on zeros,
/// and its strips are as wide as the number of taps allows. Overwrites dx. A chunk is one image.
/// </summary>
internal sealed unsafe class ScatterInputGradient : ICpuKernel
{
    /// <summary>Largest number of taps. With more, the columns of a step would not fit beside the rest.</summary>
    public const int MostTaps = 128;

    // Pixels between two additions to dx. Their columns stay in the first-level cache.
    private const int PixelsPerStep = PixelStrip.TileMultiple;

    private readonly ConvolutionShape _shape;
    private readonly FilterLayout _filter;
    private readonly int _images;
    private readonly float* _dy, _w, _zeros, _dx;
    private readonly int[] _inputs = GC.AllocateUninitializedArray<int>(PixelsPerStep, pinned: true);
    private readonly int[] _targets = GC.AllocateUninitializedArray<int>(PixelsPerStep, pinned: true);

    /// <param name="filter">
    /// Rows over output channels, with an output channel for each (tap, lane). See <see cref="FilterColumns"/>.
    /// </param>
    /// <param name="dy">[N][ceil(K / 8)][P][Q][8]</param>
    /// <param name="zeros">Zeros, one float for each output channel of the filter.</param>
    /// <param name="dx">[N][1][H][W][8]</param>
    public ScatterInputGradient(ConvolutionShape shape, FilterLayout filter, int images, float* dy, float* w, float* zeros, float* dx)
    {
        _shape = shape;
        _filter = filter;
        _images = images;
        _dy = dy;
        _w = w;
        _zeros = zeros;
        _dx = dx;
        for (int i = 0; i < PixelsPerStep; i++)
        {
            _inputs[i] = i * Blocks.Size;
            _targets[i] = i * filter.Outputs;
        }
    }

    public int Chunks => _images;

    public void Run(int chunk)
    {
        int inputs = _shape.H * _shape.W * Blocks.Size, area = _shape.OutputArea;
        float* dx = _dx + (nint)chunk * inputs;
        float* dy = _dy + (nint)chunk * Blocks.Count(_shape.K) * area * Blocks.Size;
        new Span<float>(dx, inputs).Clear();
        int zeroTap = 0;
        var reduction = new Reduction(_filter.BlocksPerGroup, area * Blocks.Size, &zeroTap, 1, _filter.Lanes, _filter.LastLanes);
        int* inputOffsets = (int*)Unsafe.AsPointer(ref _inputs[0]), targetOffsets = (int*)Unsafe.AsPointer(ref _targets[0]);
        float* columns = stackalloc float[PixelsPerStep * _filter.Outputs];
        for (int pixel = 0; pixel < area; pixel += PixelsPerStep)
        {
            int count = Math.Min(PixelsPerStep, area - pixel);
            foreach (FilterStrip strip in _filter.Strips)
                PixelStrip.Run(strip, _filter.VectorWidth, dy + (nint)pixel * Blocks.Size, reduction, _w + strip.Offset, _zeros,
                    columns + strip.Channel, Blocks.Size, inputOffsets, targetOffsets, 0, count, default(Identity));
            for (int i = 0; i < count; i++) Scatter(columns + i * _filter.Outputs, pixel + i, dx);
        }
    }

    private void Scatter(float* column, int pixel, float* dx)
    {
        int top = pixel / _shape.OutputWidth * _shape.StrideH - _shape.PadH;
        int left = pixel % _shape.OutputWidth * _shape.StrideW - _shape.PadW;
        int firstTap = Math.Max(0, -left), lastTap = Math.Min(_shape.S, _shape.W - left);
        int firstRow = Math.Max(0, -top), lastRow = Math.Min(_shape.R, _shape.H - top);
        for (int r = firstRow; r < lastRow; r++)
        {
            float* source = column + (r * _shape.S + firstTap) * Blocks.Size;
            float* target = dx + ((nint)(top + r) * _shape.W + left + firstTap) * Blocks.Size;
            for (int tap = firstTap; tap < lastTap; tap++, source += Blocks.Size, target += Blocks.Size)
                Simd8.Store(Simd8.Load(target) + Simd8.Load(source), target);
        }
    }
}
