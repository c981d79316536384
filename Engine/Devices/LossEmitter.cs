using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>Buffers of a loss.</summary>
/// <param name="Labels">[Images] class indices, -1 for none.</param>
/// <param name="Others">[Images] second label of each image; null if images have one label.</param>
/// <param name="Shares">[Images] first label's share of each image; null if images have one label.</param>
/// <param name="ClassWeights">[classes] weights of the classes; null if all weigh alike.</param>
/// <param name="ClassWeightSum">Sum of the weights.</param>
/// <param name="Losses">[Images]</param>
/// <param name="Ranks">[Images] number of classes that score above the label's.</param>
internal sealed record LossBuffers(
    DeviceBuffer<int> Labels, DeviceBuffer<int>? Others, DeviceBuffer<float>? Shares, DeviceBuffer<float>? ClassWeights,
    float ClassWeightSum, DeviceBuffer<float> Losses, DeviceBuffer<int> Ranks);

/// <summary>Emits a loss's launches, and gives it its buffers.</summary>
public sealed class LossEmitter
{
    private readonly DeviceBackend _backend;
    private readonly LossBuffers _buffers;

    internal LossEmitter(
        DeviceBackend backend, LossBuffers buffers, DeviceTensor logits, DeviceTensor? gradient, float weight, bool isHead)
    {
        _backend = backend;
        _buffers = buffers;
        Logits = logits;
        Gradient = gradient;
        Weight = weight;
        IsHead = isHead;
    }

    public int Images => _backend.Images;

    /// <summary>[1] the scalars of the current step.</summary>
    public DeviceBuffer<StepScalars> Scalars => _backend.Scalars;

    /// <summary>The network's output, in class order.</summary>
    public DeviceTensor Logits { get; }

    /// <summary>Where to write the gradient of the mean loss, or null.</summary>
    public DeviceTensor? Gradient { get; }

    /// <summary>Factor of losses and gradient.</summary>
    public float Weight { get; }

    /// <summary>Whether to add to the existing losses and leave the ranks, which belong to the network's own output.</summary>
    public bool IsHead { get; }

    /// <inheritdoc cref="LossBuffers.Labels"/>
    public DeviceBuffer<int> Labels => _buffers.Labels;

    /// <summary>Whether images have two labels.</summary>
    public bool IsMixed => _buffers.Others is not null;

    /// <inheritdoc cref="LossBuffers.Others"/>
    public DeviceBuffer<int>? Others => _buffers.Others;

    /// <inheritdoc cref="LossBuffers.Shares"/>
    public DeviceBuffer<float>? Shares => _buffers.Shares;

    /// <inheritdoc cref="LossBuffers.ClassWeights"/>
    public DeviceBuffer<float>? ClassWeights => _buffers.ClassWeights;

    /// <inheritdoc cref="LossBuffers.ClassWeightSum"/>
    public float ClassWeightSum => _buffers.ClassWeightSum;

    /// <inheritdoc cref="LossBuffers.Losses"/>
    public DeviceBuffer<float> Losses => _buffers.Losses;

    /// <inheritdoc cref="LossBuffers.Ranks"/>
    public DeviceBuffer<int> Ranks => _buffers.Ranks;

    /// <inheritdoc cref="Emitter.Launch"/>
    public void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) => _backend.Launch(name, cpu, gpu);
}
