using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Launch grid of kernels over all values of a batch. A thread has the same channels of several pixels, <see cref="Step"/> apart, so that
/// it reads what belongs to the channels once, and neighboring threads read neighbors.
/// </summary>
/// <param name="Channels">Number of channels.</param>
/// <param name="Rows">Number of pixels in the batch.</param>
/// <param name="OutputPitch">
/// Values from one pixel to the next of the output and its gradient, which may be a slice of a volume with more channels.
/// </param>
internal readonly record struct BatchNormGrid(int Channels, int Rows, int OutputPitch)
{
    internal const int Threads = 256;

    private readonly Divisor _runs = new(Channels / BatchNormLanes.Of(Channels, OutputPitch));

    /// <summary>Number of channels that a thread computes: 4 or 1.</summary>
    public int Lanes => BatchNormLanes.Of(Channels, OutputPitch);

    /// <summary>Pixels from one of a thread to its next.</summary>
    public int Step => Rows + BatchNormLanes.Rows - 1 >> 2;

    /// <summary>Number of threads that have work.</summary>
    public int Count => Step * _runs.Value;

    public Size3 Groups => new(Size3.Groups(Count, Threads));

    /// <summary>Returns the first channel of a thread.</summary>
    public int ChannelOf(int thread, int lanes) => _runs.Remainder(thread) * lanes;

    /// <summary>Returns the first pixel of a thread.</summary>
    public int RowOf(int thread) => _runs.Divide(thread);
}
