using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;

namespace GpuCnn.Engine.Plans;

/// <summary>
/// The parameters of a network on a device, with the gradients and the optimizer's slots that training keeps beside them. Weights, gradients
/// and each slot are a run of memory of the same order, so that an optimizer is one pass. Plans for different batches share one store.
/// </summary>
public abstract class ParameterStore : IDisposable
{
    private protected ParameterStore(Network network, IMemorySource memory, bool training)
    {
        Network = network;
        Memory = memory;
        IsTraining = training;
    }

    public Network Network { get; }

    /// <summary>The device whose memory the parameters lie in.</summary>
    public IMemorySource Memory { get; }

    /// <summary>Whether there is room for gradients and slots.</summary>
    public bool IsTraining { get; }

    /// <summary>Names of the slots that the optimizers of this store's plans keep.</summary>
    public abstract IReadOnlyCollection<string> Slots { get; }

    /// <summary>Bytes on the device; known before they are allocated.</summary>
    public abstract long Bytes { get; }

    public abstract void SetWeights(Parameter parameter, Tensor tensor);

    public abstract Tensor GetWeights(Parameter parameter);

    /// <summary>Sets what an optimizer keeps of a parameter in a slot of a name, such as "velocity".</summary>
    public abstract void SetSlot(string slot, Parameter parameter, Tensor tensor);

    /// <summary>Reads what an optimizer keeps of a parameter in a slot of a name.</summary>
    public abstract Tensor GetSlot(string slot, Parameter parameter);

    /// <summary>The gradient that the last training step left.</summary>
    public abstract Tensor GetGradient(Parameter parameter);

    /// <summary>Adds slots, which hold zeros, unless they are there. Nothing is allocated before they are used.</summary>
    internal abstract void AddSlots(IEnumerable<string> slots);

    /// <summary>Creates what turns a plan of this store into steps of the device.</summary>
    internal abstract PlanBackend CreateBackend(PlanOptions options);

    /// <summary>Draws the starting values of all parameters; the same seed gives the same values on every device.</summary>
    public void Initialize(ulong seed)
    {
        ulong index = 0;
        foreach (Parameter parameter in Network.Parameters)
        {
            var tensor = new Tensor([.. parameter.Spec.Dimensions]);
            parameter.Spec.Initializer.Fill(tensor.Values, parameter.Spec.FanIn, parameter.Spec.FanOut, CounterRandom.Key(seed, index++));
            SetWeights(parameter, tensor);
        }
    }

    /// <summary>All weights by path, in order of execution.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> ExportWeights() =>
        Network.Parameters.Select(parameter => KeyValuePair.Create(parameter.Path, GetWeights(parameter)));

    public abstract void Dispose();
}
