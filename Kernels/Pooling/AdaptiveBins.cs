using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// How a run of pixels is divided into bins, PyTorch's way: bin p of P over H pixels is [floor(p H / P), ceil((p + 1) H / P)). They overlap where P does not divide H. A range ends before its Last.
/// </summary>
public readonly record struct AdaptiveBins(int Pixels, int Bins)
{
    private readonly Divisor _pixels = new(Pixels), _bins = new(Bins);

    /// <summary>The pixels of a bin.</summary>
    public (int First, int Last) PixelsOf(int bin) => (_bins.Divide(bin * Pixels), _bins.Divide((bin + 1) * Pixels + Bins - 1));

    /// <summary>The bins that contain a pixel.</summary>
    public (int First, int Last) BinsOf(int pixel) => (_pixels.Divide(pixel * Bins), _pixels.Divide((pixel + 1) * Bins + Pixels - 1));
}
