using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Division of a run of pixels into bins, as PyTorch does it: bin p of P over H pixels is [floor(p H / P), ceil((p + 1) H / P)). Bins
/// overlap if P does not divide H. Ranges exclude their Last.
/// </summary>
internal readonly record struct AdaptiveBins(int Pixels, int Bins)
{
    private readonly Divisor _pixels = new(Pixels), _bins = new(Bins);

    /// <summary>Returns the pixels of a bin.</summary>
    public (int First, int Last) PixelsOf(int bin) => (_bins.Divide(bin * Pixels), _bins.Divide((bin + 1) * Pixels + Bins - 1));

    /// <summary>Returns the bins that contain a pixel.</summary>
    public (int First, int Last) BinsOf(int pixel) => (_pixels.Divide(pixel * Bins), _pixels.Divide((pixel + 1) * Bins + Pixels - 1));
}
