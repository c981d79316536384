using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices;

/// <summary>Destination of the gradient of an operator's input.</summary>
/// <param name="Tensor">Null if nothing needs it.</param>
/// <param name="Adds">Whether to add to the gradients of the input's other readers.</param>
internal readonly record struct InputGradient(DeviceTensor? Tensor, bool Adds);

/// <summary>
/// Emits an operator's launches, and gives it tensors, parameters and scratch. Each kind of device derives from it: <see
/// cref="CpuEmitter"/>, <see cref="GpuEmitter"/>.
/// </summary>
public abstract class Emitter
{
    private readonly DeviceBackend _backend;
    private readonly PlanNode _node;
    private readonly InputGradient[] _inputGradients;

    private protected Emitter(DeviceBackend backend, PlanNode node, InputGradient[] inputGradients)
    {
        _backend = backend;
        _node = node;
        _inputGradients = inputGradients;
    }

    public Node Node => _node.Node;

    public int Images => _backend.Images;

    public bool Training => _backend.Training;

    /// <summary>Whether to save what the backward pass reads: in training, or if the plan infers and has a backward pass.</summary>
    public bool SavesForBackward => _backend.SavesForBackward;

    /// <summary>Whether to add a value to the result before the activation: the input after the operator's own.</summary>
    public bool HasAddend => _node.Addend is not null;

    /// <summary>The fused activation, or the identity.</summary>
    public IPointwise Activation => _node.Activation ?? default(Identity);

    /// <summary>Whether an activation is fused into the operator.</summary>
    public bool HasActivation => _node.Activation is not null;

    /// <summary>[1] the scalars of the current step.</summary>
    public DeviceBuffer<StepScalars> Scalars => _backend.Scalars;

    public DeviceTensor Output => _backend.Value(_node.Output);

    /// <summary>The output's gradient; the operator may overwrite it.</summary>
    public DeviceTensor OutputGradient => _backend.GradientOf(_node.Output);

    public DeviceTensor Input(int index = 0) => _backend.Value(_node.Inputs[index]);

    /// <summary>Returns where to write an input's gradient, or null if nothing needs it.</summary>
    public DeviceTensor? InputGradient(int index = 0) => _inputGradients[index].Tensor;

    /// <summary>Whether an input's gradient lies where the output's does and equals it, so that nothing has to write it.</summary>
    internal bool PassesGradient(int index) => InputGradient(index)?.Elements == OutputGradient.Elements;

    /// <summary>Whether to add to the gradients of the input's other readers; only for operators that can, on GPUs.</summary>
    public bool AddsInputGradient(int index = 0) => _inputGradients[index].Adds;

    public DeviceParameter Parameter(string name) =>
        FindParameter(name) ?? throw new ArgumentException($"{_node.Name} has no parameter '{name}'.", nameof(name));

    public DeviceParameter? FindParameter(string name) =>
        Node.Parameters.FirstOrDefault(parameter => parameter.Spec.Name == name) is { } parameter ? _backend.Parameter(parameter) : null;

    /// <summary>This process's number among the ranks.</summary>
    public int Rank => _backend.Ranks.Rank;

    /// <summary>
    /// Ranks whose images the statistics of norms are of: all if the plan trains and <see cref="PlanOptions.SyncsNorms"/>, else 1.
    /// </summary>
    public int NormRanks => _backend.NormRanks;

    /// <summary>Whether the gradient of any parameter is needed.</summary>
    public bool TrainsParameters => _backend.Trains(Node);

    /// <summary>Whether the gradient of a parameter is needed.</summary>
    public bool Trains(string name) => _backend.Trains(Parameter(name).Parameter);

    /// <summary>Whether the operator should gather the moments of its output's channels, if it can.</summary>
    public bool GathersMoments => _node.GathersMoments;

    /// <summary>Returns the moments of the input that were gathered as it was written, or null.</summary>
    /// <typeparam name="T"><see cref="CpuMoments"/> or <see cref="GpuMoments"/>, depending on the device.</typeparam>
    public T? FindInputMoments<T>() where T : Moments => (T?)_backend.FindMoments(_node.Inputs[0]);

    /// <summary>Returns memory that lasts from the forward pass to the backward pass; the same for the same name.</summary>
    /// <param name="count">Elements.</param>
    public DeviceBuffer<T> Saved<T>(string name, long count) where T : unmanaged => _backend.Saved<T>(Node, name, count);

    /// <summary>Returns scratch that lasts only for the launches that use it.</summary>
    /// <param name="count">Elements.</param>
    public DeviceBuffer<T> Workspace<T>(string name, long count) where T : unmanaged =>
        _backend.NewBuffer<T>($"{_node.Name} {name}", count);

    /// <summary>Returns scratch with a tensor's size and layout; for a slice, only for its own channels.</summary>
    public DeviceTensor WorkspaceLike(string name, DeviceTensor tensor) =>
        _backend.NewTensor($"{_node.Name} {name}", tensor.Layout, tensor.IsBFloat16);

    /// <summary>
    /// Appends a step with the function for this kind of device. The function runs twice, see <see cref="Devices.Launch"/>.
    /// </summary>
    /// <param name="cpu">Makes the kernel for the CPU device.</param>
    /// <param name="gpu">Launches the kernels for GPU devices.</param>
    public void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) =>
        _backend.Launch($"{_node.Name} {name}", cpu, gpu);

    /// <summary>
    /// Appends a step that gathers a buffer of each rank on all of them, in the order of the ranks, for a kernel that merges them in that
    /// order. All ranks have the same steps.
    /// </summary>
    /// <param name="own">[n]</param>
    /// <param name="all">[ranks][n]; overwritten.</param>
    public void Exchange<T>(string name, DeviceBuffer<T> own, DeviceBuffer<T> all) where T : unmanaged =>
        _backend.AddExchange($"{_node.Name} {name}", own, all);

    /// <summary>Emits different steps for each kind of device.</summary>
    public void Branch(Action<CpuEmitter> cpu, Action<GpuEmitter> gpu)
    {
        if (this is CpuEmitter emitter) cpu(emitter);
        else gpu((GpuEmitter)this);
    }

    /// <summary>Keeps moments of the output for its readers.</summary>
    private protected T Keep<T>(T moments) where T : Moments
    {
        _backend.KeepMoments(_node.Output, moments);
        return moments;
    }

    private protected string NameOf(string step) => $"{_node.Name} {step}";
}
