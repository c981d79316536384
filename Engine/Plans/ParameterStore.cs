using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;

namespace GpuCnn.Engine.Plans;

/// <summary>Runs of memory of a <see cref="ParameterStore"/>.</summary>
[Flags]
internal enum StoreRuns
{
    Weights = 1,
    States = 2,
    Slots = 4,
    Averages = 8,
    AverageStates = 16,
    All = Weights | States | Slots | Averages | AverageStates,
}

/// <summary>
/// The parameters of a network on a device, with the gradients and the optimizer's slots for training. Weights, gradients and each slot are
/// runs of memory in the same order, so that an optimizer needs one pass. Plans for different batches share one store.
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

    /// <summary>The device that holds the parameters.</summary>
    public IMemorySource Memory { get; }

    /// <summary>Whether the store has gradients and slots.</summary>
    public bool IsTraining { get; }

    /// <summary>Names of the slots that the optimizers of this store's plans use.</summary>
    public abstract IReadOnlyCollection<string> Slots { get; }

    /// <summary>Bytes on the device; known before they are allocated.</summary>
    public abstract long Bytes { get; }

    /// <summary>Bytes of <see cref="Bytes"/> that are not allocated yet.</summary>
    public abstract long UnallocatedBytes { get; }

    public abstract void SetWeights(Parameter parameter, Tensor tensor);

    /// <exception cref="GpuCnnException">The parameter has no values yet.</exception>
    public abstract Tensor GetWeights(Parameter parameter);

    /// <summary>Checks that every parameter has values: by <see cref="Initialize"/> or <see cref="SetWeights"/>.</summary>
    /// <exception cref="GpuCnnException">One has none.</exception>
    internal abstract void CheckInitialized();

    /// <summary>Sets an optimizer's values for a parameter in a slot, such as "velocity".</summary>
    public abstract void SetSlot(string slot, Parameter parameter, Tensor tensor);

    /// <summary>Returns an optimizer's values for a parameter in a slot.</summary>
    public abstract Tensor GetSlot(string slot, Parameter parameter);

    /// <summary>Returns the gradient of the last training step.</summary>
    public abstract Tensor GetGradient(Parameter parameter);

    /// <summary>Sets a parameter's moving average.</summary>
    public abstract void SetAverage(Parameter parameter, Tensor tensor);

    /// <summary>Returns a parameter's moving average; see <see cref="PlanOptions.AverageDecay"/>.</summary>
    public abstract Tensor GetAverage(Parameter parameter);

    /// <summary>Keeps moving averages of all parameters. They are allocated on first use.</summary>
    internal abstract void KeepAverages();

    /// <summary>Adds slots of zeros unless they exist. They are allocated on first use.</summary>
    internal abstract void AddSlots(IEnumerable<string> slots);

    /// <summary>Gives all ranks rank 0's values of some runs. Runs that the store does not have are left out.</summary>
    internal abstract void Share(Communicator ranks, StoreRuns runs);

    /// <summary>Computes a checksum of all weights' bits, without state.</summary>
    internal abstract ulong Checksum();

    /// <summary>Creates the backend that turns a plan of this store into steps of the device.</summary>
    internal abstract PlanBackend CreateBackend(PlanOptions options);

    /// <summary>Draws the initial values of all parameters; the same seed gives the same values on every device.</summary>
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

    /// <summary>Returns all weights by path, in order of execution.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> ExportWeights() =>
        Network.Parameters.Select(parameter => KeyValuePair.Create(parameter.Path, GetWeights(parameter)));

    /// <summary>
    /// Returns the first weights in order of execution that hold NaN or an infinity; null if all are finite. Reads the weights from the
    /// device.
    /// </summary>
    public NonFiniteTensor? FirstNonFinite() => NonFiniteTensor.First(ExportWeights());

    /// <summary>Returns the moving averages by path, in order of execution.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> ExportAverages() =>
        Network.Parameters.Select(parameter => KeyValuePair.Create(parameter.Path, GetAverage(parameter)));

    public abstract void Dispose();
}
