using System.Text.Json.Serialization;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Changes the weights after the backward pass. To add an optimizer is to add a class; <see cref="Registry"/> finds it by its name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Optimizer>))]
public abstract class Optimizer : IOptimizer, IDeviceOptimizer, INamed
{
    public abstract string Name { get; }

    /// <summary>
    /// Names of its slots: the runs of floats that it keeps beside the weights, a float for each. They start at zero. Checkpoints name the
    /// tensors of a slot "slot:path".
    /// </summary>
    public abstract IReadOnlyList<string> Slots { get; }

    /// <summary>
    /// Limit of the root mean square of each filter of a convolution (Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901); 0 for
    /// none.
    /// </summary>
    [Setting("After each step, rescale filters whose root mean square is above this to it; 0 leaves them.", AtLeast = 0)]
    public float MaxFilterRms { get; init => field = Setting.Check(this, value); }

    /// <inheritdoc/>
    public void EmitUpdate(UpdateEmitter emitter)
    {
        Emit(emitter);
        if (MaxFilterRms > 0) FilterRmsLimit.Emit(emitter, MaxFilterRms);
    }

    /// <summary>Emits what turns gradients and slots into new weights and slots.</summary>
    protected abstract void Emit(UpdateEmitter emitter);
}
