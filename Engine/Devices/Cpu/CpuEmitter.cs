using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>What an operator emits its kernels through: its tensors, its parameters, scratch, and the list of launches.</summary>
public sealed unsafe class CpuEmitter
{
    private readonly CpuBackend _backend;
    private readonly PlanNode _node;
    private readonly IReadOnlyList<CpuTensor?> _inputGradients;

    internal CpuEmitter(CpuBackend backend, PlanNode node, IReadOnlyList<CpuTensor?> inputGradients)
    {
        _backend = backend;
        _node = node;
        _inputGradients = inputGradients;
    }

    public Node Node => _node.Node;

    public int Images => _backend.Images;

    public bool Training => _backend.Training;

    /// <summary>Floats of the device's vectors.</summary>
    public int VectorWidth => _backend.VectorWidth;

    /// <summary>Chunks of a kernel that may run at the same time.</summary>
    public int Threads => _backend.Threads;

    /// <summary>Whether a value is added to the result, before the activation: the input behind the operator's own.</summary>
    public bool HasAddend => _node.Addend != null;

    /// <summary>Whether an activation is fused into the operator.</summary>
    public bool HasActivation => _node.Activation != null;

    /// <summary>Valid in a kernel, not before.</summary>
    public StepScalars* Scalars => _backend.Scalars;

    public CpuTensor Output => _backend.Value(_node.Output);

    /// <summary>The output's gradient; the operator may overwrite it.</summary>
    public CpuTensor OutputGradient => _backend.GradientOf(_node.Output);

    public CpuTensor Input(int index = 0) => _backend.Value(_node.Inputs[index]);

    /// <summary>Where to write an input's gradient, or null where nobody needs it.</summary>
    public CpuTensor? InputGradient(int index = 0) => _inputGradients[index];

    public CpuParameter Parameter(string name) => FindParameter(name) ?? throw new ArgumentException($"{_node.Name} has no parameter '{name}'.", nameof(name));

    public CpuParameter? FindParameter(string name) =>
        _node.Node.Parameters.FirstOrDefault(parameter => parameter.Spec.Name == name) is { } parameter ? _backend.Parameter(parameter) : null;

    /// <summary>Whether any gradient of a parameter is wanted.</summary>
    public bool TrainsParameters => Node.Parameters.Any(parameter => parameter.IsTrained);

    /// <summary>Whether the operator should gather the moments of each channel of its output; then it calls <see cref="Gather"/>, if it can.</summary>
    public bool GathersMoments => _node.GathersMoments;

    /// <summary>The moments of the input that were gathered as it was written, or null.</summary>
    public CpuMoments? InputMoments => _backend.FindMoments(_node.Inputs[0]);

    /// <summary>Makes room for the moments of the output's channels in so many parts of the batch, for the readers of the output to find.</summary>
    public CpuMoments Gather(int parts)
    {
        CpuMoments moments = MomentsOf(Output, parts);
        _backend.KeepMoments(_node.Output, moments);
        return moments;
    }

    /// <summary>Room for the moments of a tensor's channels in so many parts of the batch.</summary>
    public CpuMoments MomentsOf(CpuTensor tensor, int parts) => new(Workspace("moments", (long)sizeof(double) * tensor.BlockCount * parts * BlockMoments.Size), parts);

    /// <summary>Memory that keeps what the forward pass writes until the backward pass reads it; the same for the same name.</summary>
    public PlanBuffer Saved(string name, long bytes) => _backend.Saved(_node.Node, name, bytes);

    /// <summary>Scratch that lives only as long as the launches that use it.</summary>
    public PlanBuffer Workspace(string name, long bytes) => _backend.Workspace($"{_node.Name} {name}", bytes);

    /// <summary>Floats that are always zero.</summary>
    public PlanBuffer Zeros(int count) => _backend.Zeros(count);

    /// <summary>Emits a convolution's pass by the algorithm that the plan is given for it, or that a fixed rule says.</summary>
    internal void Choose(ConvolutionShape shape, ConvolutionPass pass, Action<CpuConvolutionChoice> emit) => _backend.Choose(shape, pass, emit);

    /// <summary>Compiles the fused activation, or none, into a kernel.</summary>
    public ICpuKernel Specialize(IActivationUser<ICpuKernel> user) => _node.Activation?.Specialize(user) ?? user.Use(default(Identity));

    /// <summary>Appends a launch. The kernel is made once all buffers have their addresses.</summary>
    /// <param name="uses">Every buffer of the plan that the kernel reads or writes; null ones are passed over.</param>
    public void Launch(string name, Func<ICpuKernel> make, params ReadOnlySpan<PlanBuffer?> uses)
    {
        var buffers = new List<PlanBuffer>();
        foreach (PlanBuffer? buffer in uses)
            if (buffer != null) buffers.Add(buffer);
        _backend.Launch($"{_node.Name} {name}", make, buffers);
    }
}

/// <summary>What a loss emits its kernels through.</summary>
public sealed unsafe class CpuLossEmitter
{
    private readonly CpuBackend _backend;

    internal CpuLossEmitter(CpuBackend backend, CpuTensor logits, CpuTensor? gradient, float weight, bool isHead)
    {
        Weight = weight;
        IsHead = isHead;
        _backend = backend;
        Logits = logits;
        Gradient = gradient;
    }

    public int Images => _backend.Images;

    public StepScalars* Scalars => _backend.Scalars;

    public CpuTensor Logits { get; }

    /// <summary>What losses and gradient are multiplied by.</summary>
    public float Weight { get; }

    /// <summary>Whether the losses are added to what is there, and the ranks left: those are the network's own output's.</summary>
    public bool IsHead { get; }

    /// <summary>Where to write the gradient of the mean loss, or null.</summary>
    public CpuTensor? Gradient { get; }

    /// <summary>[Images] class indices, -1 for none.</summary>
    public int* Labels => _backend.Labels;

    /// <summary>[Images] the second label of each image; null where images have one.</summary>
    public int* Others => _backend.Others;

    /// <summary>[Images] the first label's share of each image; null where images have one label.</summary>
    public float* Shares => _backend.Shares;

    /// <summary>[Images]</summary>
    public float* Losses => _backend.Losses;

    /// <summary>[Images] classes that score above the label's.</summary>
    public int* Ranks => _backend.Ranks;

    public void Launch(string name, Func<ICpuKernel> make) =>
        _backend.Launch(name, make, Gradient == null ? [Logits.Buffer] : [Logits.Buffer, Gradient.Buffer]);
}
