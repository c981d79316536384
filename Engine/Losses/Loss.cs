using System.Text.Json.Serialization;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Losses;

/// <summary>
/// Computes what training minimises: a number for each image from the network's output and the image's label. To add a loss is to add a
/// class; <see cref="Registry"/> finds it by its name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Loss>))]
public abstract class Loss : INamed
{
    public abstract string Name { get; }

    /// <summary>The loss of images that are not trained on, which is to be compared between runs: by default this one.</summary>
    public virtual Loss ForValidation => this;

    /// <summary>Whether an image may have two labels that share it.</summary>
    public virtual bool TakesMixedLabels => false;

    /// <summary>Checks that the loss can be applied to a network's output.</summary>
    public abstract void CheckOutput(Shape output);

    /// <summary>Emits, on the CPU device, the losses and ranks of a batch and, where asked for, the gradient of their mean.</summary>
    public abstract void Emit(CpuLossEmitter emitter);

    /// <summary>The same on devices that run translated kernels.</summary>
    public abstract void Emit(GpuLossEmitter emitter);
}
