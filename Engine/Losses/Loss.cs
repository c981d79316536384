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

    /// <summary>Loss for validation images, comparable between runs: by default this one, without class weights.</summary>
    public virtual Loss ForValidation => ClassWeights is null ? this : Weighted(null);

    /// <summary>Whether <see cref="Emit"/> applies <see cref="ClassWeights"/>.</summary>
    public virtual bool TakesClassWeights => false;

    /// <summary>
    /// A weight for each class; null if all weigh alike. The loss is then that of PyTorch with these weights, and the mean that training
    /// minimizes is over the images: <see cref="Losses.ClassWeights.For"/> scales the weights, so that their mean over all images is 1.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<float>? ClassWeights { get; private set; }

    /// <summary>Returns this loss with weights of the classes, or without any.</summary>
    /// <param name="weights">A number of 0 or more for each class, in index order.</param>
    /// <exception cref="ArgumentException">The loss takes no weights.</exception>
    public Loss Weighted(IReadOnlyList<float>? weights)
    {
        if (weights is not null && !TakesClassWeights) throw new ArgumentException($"{Name} takes no class weights.", nameof(weights));
        var weighted = (Loss)MemberwiseClone();
        weighted.ClassWeights = weights;
        return weighted;
    }

    /// <summary>Whether an image may have two labels with a share each.</summary>
    public virtual bool TakesMixedLabels => false;

    /// <summary>Checks that the loss can be applied to a network's output.</summary>
    public abstract void CheckOutput(Shape output);

    /// <inheritdoc/>
    public abstract void Emit(LossEmitter emitter);
}
