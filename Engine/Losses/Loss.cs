using System.Text.Json.Serialization;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Losses;

/// <summary>
/// Computes what training minimises: a number for each image from the network's output and the image's label. To add a loss is to add a
/// class; <see cref="Registry"/> finds it by its name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Loss>))]
public abstract class Loss : ILoss, IDeviceLoss, INamed
{
    public abstract string Name { get; }

    /// <summary>The loss of images that are not trained on, which is to be compared between runs: by default this one.</summary>
    public virtual Loss ForValidation => this;

    /// <summary>Whether an image may have two labels that share it.</summary>
    public virtual bool TakesMixedLabels => false;

    /// <summary>Checks that the loss can be applied to a network's output.</summary>
    public abstract void CheckOutput(Shape output);

    /// <inheritdoc/>
    public abstract void Emit(LossEmitter emitter);
}
