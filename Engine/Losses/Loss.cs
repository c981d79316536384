using System.Text.Json.Serialization;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Losses;

/// <summary>
/// Computes what training minimizes: a number for each image, from the network's output and the image's label. To add a loss, add a class;
/// <see cref="Registry"/> finds it by name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Loss>))]
public abstract class Loss : ILoss, IDeviceLoss, INamed
{
    public abstract string Name { get; }

    /// <summary>Loss for validation images, comparable between runs; by default this one.</summary>
    public virtual Loss ForValidation => this;

    /// <summary>Whether an image may have two labels with a share each.</summary>
    public virtual bool TakesMixedLabels => false;

    /// <summary>Checks that the loss can be applied to a network's output.</summary>
    public abstract void CheckOutput(Shape output);

    /// <inheritdoc/>
    public abstract void Emit(LossEmitter emitter);
}
