using System.Diagnostics;
using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Sizes and offsets of a <see cref="PixelConvolution{TActivation}"/>, without its buffers. Made once, when a plan is compiled.
/// </summary>
/// <param name="Images">Batch size.</param>
/// <param name="Map">Offsets of the pixels.</param>
/// <param name="Filter">Layout of the packed filter.</param>
/// <param name="Taps">Offsets of the taps in floats; pinned.</param>
/// <param name="InputBlockStride">Floats between two channel blocks of the input.</param>
/// <param name="OutputBlockStride">Floats between two channel blocks of the output.</param>
internal sealed record PixelProblem(int Images, PixelMap Map, FilterLayout Filter, int[] Taps, int InputBlockStride, int OutputBlockStride);

/// <summary>
/// Computes y = activation(bias + x * w) over pixels given by a map. It serves the forward pass of a convolution, a phase of its backward
/// pass to the input (x is then the output's gradient, and w the turned filter), and a fully connected layer (a pixel is then an image).
/// Overwrites y. Compute-bound.
/// </summary>
[Dispatched]
internal sealed unsafe class PixelConvolution<TActivation> : ICpuKernel where TActivation : unmanaged, IPointwise
{
    private readonly float* _x, _w, _bias, _y;
    private readonly TActivation _activation;
    private readonly PixelProblem _problem;
    private readonly FilterLayout _filter;
    private readonly PixelMap _map;
    private readonly int* _inputs, _targets;
    private readonly Reduction _reduction;
    private readonly PixelChunks _chunks;
    private readonly StepScalars* _scalars;
    private readonly double* _moments;

    /// <param name="problem">Sizes and offsets.</param>
    /// <param name="x">Input, padded where taps reach over the edge.</param>
    /// <param name="w">Filter in the problem's layout.</param>
    /// <param name="bias">One float per output channel, rounded up to whole blocks.</param>
    /// <param name="y">Output in channel blocks.</param>
    /// <param name="activation">Applied as the output is written.</param>
    /// <param name="scalars">
    /// [1] Gives the number of real images; the others are left out of the moments. Not read if no moments are gathered.
    /// </param>
    /// <param name="moments">
    /// [channel blocks][<see cref="MomentParts"/>][<see cref="BlockMoments.Size"/>] Moments of the output, overwritten. Null if nothing
    /// reads them.
    /// </param>
    public PixelConvolution(
        PixelProblem problem, float* x, float* w, float* bias, float* y, TActivation activation, StepScalars* scalars = null,
        double* moments = null)
    {
        _problem = problem;
        _filter = problem.Filter;
        _map = problem.Map;
        _x = x;
        _w = w;
        _bias = bias;
        _y = y;
        _activation = activation;
        _inputs = (int*)Unsafe.AsPointer(ref _map.Inputs[0]);
        _targets = (int*)Unsafe.AsPointer(ref _map.Targets[0]);
        int* taps = problem.Taps.Length == 0 ? null : (int*)Unsafe.AsPointer(ref problem.Taps[0]);
        _reduction = new(_filter.BlocksPerGroup, problem.InputBlockStride, taps, problem.Taps.Length, _filter.Lanes, _filter.LastLanes);
        _chunks = new(problem);
        _scalars = scalars;
        _moments = moments;
    }

    public int Chunks => _chunks.Runs * _chunks.StripChunks;

    /// <summary>Number of parts of the batch whose moments are gathered separately.</summary>
    public static int MomentParts(PixelProblem problem) => new PixelChunks(problem).Runs;

    public void Run(int chunk)
    {
        int strips = chunk % _chunks.StripChunks, run = chunk / _chunks.StripChunks, imageGroup = run / _chunks.RunsPerGroup;
        int firstImage = imageGroup * _map.ImagesPerGroup;
        int images = Math.Min(_map.ImagesPerGroup, _problem.Images - firstImage);
        int first = run % _chunks.RunsPerGroup * _chunks.PixelsPerRun;
        int last = Math.Min(first + _chunks.PixelsPerRun, images * _map.PixelsPerImage);
        float* x = _x + (nint)firstImage * _map.InputImageStride;
        float* y = _y + (nint)firstImage * _map.TargetImageStride;

        int stripEnd = Math.Min(_filter.Strips.Length, (strips + 1) * _chunks.StripsPerChunk);
        for (int i = strips * _chunks.StripsPerChunk; i < stripEnd; i++)
        {
            FilterStrip strip = _filter.Strips[i];
            float* input = x + (nint)strip.Group * _filter.BlocksPerGroup * _problem.InputBlockStride;
            float* output = y + (nint)(strip.Channel / Blocks.Size) * _problem.OutputBlockStride;
            PixelStrip.Run(
                strip, _filter.VectorWidth, input, _reduction, _w + strip.Offset, _bias + strip.Channel, output,
                _problem.OutputBlockStride, _inputs, _targets, first, last, _activation);
            if (_moments is null) continue;
            int realLast = Math.Min(last, (_scalars->Images - firstImage) * _map.PixelsPerImage);
            GatherMoments(strip, output, run, first, realLast);
        }
    }

    /// <summary>
    /// Gathers the moments of pixels [first, last) of a strip that was just written, while it is in the cache. The pixels of an image are
    /// contiguous.
    /// </summary>
    private void GatherMoments(FilterStrip strip, float* output, int run, int first, int last)
    {
        for (int block = 0; block < strip.Width / Blocks.Size; block++)
        {
            float* y = output + (nint)block * _problem.OutputBlockStride;
            var sums = new BlockSums(first < last ? y + _targets[first] : null);
            for (int pixel = first; pixel < last;)
            {
                int end = Math.Min(last, (pixel / _map.PixelsPerImage + 1) * _map.PixelsPerImage);
                Debug.Assert(_targets[end - 1] - _targets[pixel] == (end - 1 - pixel) * Blocks.Size);
                sums.Add(y + _targets[pixel], end - pixel);
                pixel = end;
            }
            sums.Store(_moments + ((nint)(strip.Channel / Blocks.Size + block) * _chunks.Runs + run) * BlockMoments.Size);
        }
    }
}
