using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution;

/// <summary>What a <see cref="PixelConvolution{TActivation}"/> reads and writes apart from its buffers. Made once, when a plan is compiled.</summary>
/// <param name="Images">Batch size.</param>
/// <param name="Map">Offsets of the pixels.</param>
/// <param name="Filter">Layout of the packed filter.</param>
/// <param name="Taps">Offsets of the taps in floats; pinned.</param>
/// <param name="InputBlockStride">Floats between two channel blocks of the input.</param>
/// <param name="OutputBlockStride">Floats between two channel blocks of the output.</param>
public sealed record PixelProblem(int Images, PixelMap Map, FilterLayout Filter, int[] Taps, int InputBlockStride, int OutputBlockStride);

/// <summary>
/// y = activation(bias + x * w) over pixels given by a map: the forward pass of a convolution, a phase of its backward pass to the
/// input (then x is the output's gradient and w the turned filter), and a fully connected layer (then a pixel is an image).
/// Overwrites y. Multiply-add bound.
/// </summary>
public sealed unsafe class PixelConvolution<TActivation> : ICpuKernel where TActivation : struct, IPointwise
{
    // A chunk is worth about this many multiply-adds: small enough to share, large enough not to notice the sharing.
    private const long ChunkWork = 1 << 19;

    // A filter up to this size stays in a core's second-level cache beside the pixels that pass it.
    private const long ResidentFilterBytes = 512 << 10;

    private readonly float* _x, _w, _bias, _y;
    private readonly TActivation _activation;
    private readonly PixelProblem _problem;
    private readonly FilterLayout _filter;
    private readonly PixelMap _map;
    private readonly int* _inputs, _targets;
    private readonly Reduction _reduction;
    private readonly int _imageGroups, _pixelsPerChunk, _pixelChunks, _stripChunks, _stripsPerChunk;

    /// <param name="problem">Sizes and offsets.</param>
    /// <param name="x">Input, padded where taps reach over the edge.</param>
    /// <param name="w">Filter in the problem's layout.</param>
    /// <param name="bias">One float per output channel, rounded up to whole blocks.</param>
    /// <param name="y">Output in channel blocks.</param>
    /// <param name="activation">Applied as the output is written.</param>
    public PixelConvolution(PixelProblem problem, float* x, float* w, float* bias, float* y, TActivation activation)
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

        _imageGroups = (problem.Images + _map.ImagesPerGroup - 1) / _map.ImagesPerGroup;
        long workPerPixel = Math.Max(1, (long)_filter.Rows * _filter.Outputs);
        bool resident = 4L * _filter.Count <= ResidentFilterBytes;
        long pixels = resident ? Math.Max(4 * PixelStrip.TileMultiple, ChunkWork / workPerPixel) : 16 * PixelStrip.TileMultiple;
        int groupPixels = _map.ImagesPerGroup * _map.PixelsPerImage;
        _pixelChunks = (int)Math.Max(1, groupPixels / pixels);
        _pixelsPerChunk = ((groupPixels + _pixelChunks - 1) / _pixelChunks + PixelStrip.TileMultiple - 1) / PixelStrip.TileMultiple * PixelStrip.TileMultiple;
        _pixelChunks = (groupPixels + _pixelsPerChunk - 1) / _pixelsPerChunk;
        bool fewChunks = _imageGroups * _pixelChunks < 8;
        _stripsPerChunk = resident && !fewChunks ? _filter.Strips.Length : 1;
        _stripChunks = (_filter.Strips.Length + _stripsPerChunk - 1) / _stripsPerChunk;
    }

    public int Chunks => _imageGroups * _pixelChunks * _stripChunks;

    /// <summary>Images that a map should group: enough pixels for a chunk's work.</summary>
    public static int ImagesPerGroup(int images, int pixelsPerImage, FilterLayout filter)
    {
        long work = Math.Max(1, (long)filter.Rows * filter.Outputs);
        long pixels = 4L * filter.Count <= ResidentFilterBytes ? Math.Max(4 * PixelStrip.TileMultiple, ChunkWork / work) : 16 * PixelStrip.TileMultiple;
        long group = Math.Clamp((pixels + pixelsPerImage - 1) / pixelsPerImage, 1, images);
        // Even groups: 65 images in groups of 64 would leave one image alone.
        long groups = (images + group - 1) / group;
        return (int)((images + groups - 1) / groups);
    }

    public void Run(int chunk)
    {
        int strips = chunk % _stripChunks, rest = chunk / _stripChunks;
        int pixelChunk = rest % _pixelChunks, imageGroup = rest / _pixelChunks;
        int firstImage = imageGroup * _map.ImagesPerGroup;
        int images = Math.Min(_map.ImagesPerGroup, _problem.Images - firstImage);
        int first = pixelChunk * _pixelsPerChunk;
        int last = Math.Min(first + _pixelsPerChunk, images * _map.PixelsPerImage);
        float* x = _x + (nint)firstImage * _map.InputImageStride;
        float* y = _y + (nint)firstImage * _map.TargetImageStride;

        int stripEnd = Math.Min(_filter.Strips.Length, (strips + 1) * _stripsPerChunk);
        for (int i = strips * _stripsPerChunk; i < stripEnd; i++)
        {
            FilterStrip strip = _filter.Strips[i];
            float* input = x + (nint)strip.Group * _filter.BlocksPerGroup * _problem.InputBlockStride;
            float* output = y + (nint)(strip.Channel / Blocks.Size) * _problem.OutputBlockStride;
            PixelStrip.Run(strip, _filter.VectorWidth, input, _reduction, _w + strip.Offset, _bias + strip.Channel, output, _problem.OutputBlockStride,
                _inputs, _targets, first, last, _activation);
        }
    }
}
