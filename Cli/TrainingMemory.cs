using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Cli;

/// <summary>The memory of a training step on a device. The step is compiled, and nothing is allocated.</summary>
/// <param name="Images">Images of a batch.</param>
/// <param name="Device">The device's name.</param>
/// <param name="Bytes">Parameters, gradients, the optimizer's slots, activations and scratch.</param>
internal sealed record TrainingMemory(int Images, string Device, Precision Precision, long Bytes)
{
    public const string Cpu = "cpu";

    /// <summary>Plans of it have the memory of those of GPUs, and it needs none.</summary>
    private const string LikeGpus = "debug";

    /// <summary>The device and the precision in words.</summary>
    public string Where => (Device == LikeGpus ? "a GPU" : Device) + (Precision == default ? "" : $", {Precision.Name()}");

    /// <param name="device">Name of the device; null is the cpu's memory, or a GPU's where the cpu lacks the precision.</param>
    /// <exception cref="Engine.GpuCnnException">
    /// There is no such device, it lacks the precision, or the batch is too large to be compiled.
    /// </exception>
    public static TrainingMemory Of(Network network, string? device, Precision precision, int images)
    {
        using Device on = DeviceCatalog.Open(device ?? (precision == default ? Cpu : LikeGpus), new() { Precision = precision });
        using ParameterStore parameters = on.CreateParameters(network, training: true);
        using var plan = new Plan(parameters, new()
        {
            Images = images,
            Loss = new SoftmaxCrossEntropy(),
            Training = true,
            Optimizer = new Sgd(),
            Precision = precision,
        });
        return new(images, on.Name, precision, plan.TotalBytes);
    }
}
