using GpuCnn.Kernels.Language;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// Writes the numbers of <see cref="Pattern"/> for an NCHW volume to a device's channels-last storage: y [N][area][channels].
/// </summary>
[Kernel(256)]
public readonly partial struct PatternFill(View<float> y, int tensor, int count, int channels, int area) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 256));

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        int image = i / (channels * area), pixel = i / channels % area, channel = i % channels;
        uint hash = (uint)((image * channels + channel) * area + pixel) * 2654435761u + (uint)tensor * 2654435769u;
        hash ^= hash >> 15;
        hash *= 2246822519u;
        hash ^= hash >> 13;
        y[i] = (int)(hash >> 8) / 8388608f - 1;
    }
}
