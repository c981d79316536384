using System.Text.Json.Serialization;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Updates the weights after the backward pass. To add an optimizer, add a class; <see cref="Registry"/> finds it by name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Optimizer>))]
public abstract class Optimizer : IOptimizer, IDeviceOptimizer, INamed
{
    public abstract string Name { get; }

    /// <summary>
    /// Names of its slots. A slot holds one float for each weight, and starts at zero. Checkpoints name a slot's tensors "slot:path".
    /// </summary>
    public abstract IReadOnlyList<string> Slots { get; }

    /// <summary>Limit of the norm of all gradients together, as in PyTorch's clip_grad_norm_; 0 for none.</summary>
    [Setting("Scale the gradients of a step down to this norm of all together if it is above; 0 leaves them.", AtLeast = 0)]
    public float Clip { get; init => field = Setting.Check(this, value); }

    /// <summary>
    /// Limit of each convolution filter's root mean square (Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901); 0 for none.
    /// </summary>
    [Setting("After each step, rescale filters whose root mean square is above this to it; 0 leaves them.", AtLeast = 0)]
    public float MaxFilterRms { get; init => field = Setting.Check(this, value); }

    /// <summary>Checks that the settings go together. Each by itself is checked when it is set.</summary>
    /// <exception cref="SettingConflictException">They contradict each other.</exception>
    public virtual void Check() { }

    /// <inheritdoc/>
    public void EmitUpdate(UpdateEmitter emitter)
    {
        if (Clip > 0) GradientClip.Emit(emitter, Clip);
        Emit(emitter);
        if (MaxFilterRms > 0) FilterRmsLimit.Emit(emitter, MaxFilterRms);
    }

    /// <summary>Emits the update of weights and slots from the gradients.</summary>
    protected abstract void Emit(UpdateEmitter emitter);
}
