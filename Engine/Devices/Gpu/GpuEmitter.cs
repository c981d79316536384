using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// What an operator emits its launches through: its tensors, its parameters, scratch. Views are valid in the function that makes a kernel, not
/// before.
/// </summary>
public sealed class GpuEmitter
{
    private readonly GpuBackend _backend;
    private readonly PlanNode _node;
    private readonly IReadOnlyList<(GpuTensor? Gradient, bool Adds)> _inputGradients;

    internal GpuEmitter(GpuBackend backend, PlanNode node, IReadOnlyList<(GpuTensor? Gradient, bool Adds)> inputGradients)
    {
        _backend = backend;
        _node = node;
        _inputGradients = inputGradients;
    }

    public Node Node => _node.Node;

    public int Images => _backend.Images;

    public bool Training => _backend.Training;

    /// <summary>Whether a value is added to the result, before the activation: the input behind the operator's own.</summary>
    public bool HasAddend => _node.Addend != null;

    /// <summary>Whether an activation is fused into the operator.</summary>
    public bool HasActivation => _node.Activation != null;

    /// <inheritdoc cref="GpuBackend.Scalars"/>
    public ReadOnlyView<StepScalars> Scalars => _backend.Scalars;

    public GpuTensor Output => _backend.Value(_node.Output);

    /// <summary>The output's gradient; the operator may overwrite it.</summary>
    public GpuTensor OutputGradient => _backend.GradientOf(_node.Output);

    public GpuTensor Input(int index = 0) => _backend.Value(_node.Inputs[index]);

    /// <summary>Where to write an input's gradient, or null where nobody needs it.</summary>
    public GpuTensor? InputGradient(int index = 0) => _inputGradients[index].Gradient;

    /// <summary>Whether to add to what other readers of the input have written; only for operators that can.</summary>
    public bool AddsInputGradient(int index = 0) => _inputGradients[index].Adds;

    public GpuParameter Parameter(string name) =>
        FindParameter(name) ?? throw new ArgumentException($"{_node.Name} has no parameter '{name}'.", nameof(name));

    public GpuParameter? FindParameter(string name) =>
        _node.Node.Parameters.FirstOrDefault(parameter => parameter.Spec.Name == name) is { } parameter ? _backend.Parameter(parameter) : null;

    /// <summary>Whether any gradient of a parameter is wanted.</summary>
    public bool TrainsParameters => Node.Parameters.Any(parameter => parameter.IsTrained);

    /// <summary>Whether the operator should gather the moments of each channel of its output; then it calls <see cref="Gather"/>, if it can.</summary>
    public bool GathersMoments => _node.GathersMoments;

    /// <summary>The moments of the input that were gathered as it was written, or null.</summary>
    public GpuMoments? InputMoments => _backend.FindMoments(_node.Inputs[0]);

    /// <summary>Makes room for the moments of the output's channels in parts of so many rows, for the readers of the output to find.</summary>
    public GpuMoments Gather(int rows)
    {
        GpuMoments moments = MomentsOf(Output, rows);
        _backend.KeepMoments(_node.Output, moments);
        return moments;
    }

    /// <summary>Room for the moments of a tensor's channels in parts of so many rows.</summary>
    public GpuMoments MomentsOf(GpuTensor tensor, int rows)
    {
        int parts = Size3.Groups(tensor.Images * tensor.Stored.Area, rows);
        return new(Workspace<float>("moments", 3L * parts * tensor.Stored.Channels), rows, parts);
    }

    /// <summary>Memory that keeps what the forward pass writes until the backward pass reads it; the same for the same name.</summary>
    public GpuBuffer<T> Saved<T>(string name, long count) where T : unmanaged => _backend.Saved<T>(_node.Node, name, count);

    /// <summary>Scratch that lives only as long as the launches that use it.</summary>
    public GpuBuffer<T> Workspace<T>(string name, long count) where T : unmanaged => _backend.NewBuffer<T>($"{_node.Name} {name}", count);

    /// <summary>The algorithm of a convolution that the next step computes.</summary>
    internal ConvolutionChoice Choose(ConvolutionShape shape, ConvolutionPass pass) => _backend.Choose(shape, pass);

    /// <inheritdoc cref="GpuBackend.Choose(string, int, int, int)"/>
    internal ProductChoice Choose(string problem, int rows, int columns, int depth) => _backend.Choose(problem, rows, columns, depth);

    /// <summary>Hands over the fused activation, or the identity where there is none.</summary>
    public TResult UseActivation<TResult>(IActivationUser<TResult> user) =>
        _node.Activation == null ? user.Use(default(Identity)) : _node.Activation.Specialize(user);

    /// <summary>Appends a step: what <paramref name="add"/> launches, once all buffers have their places.</summary>
    /// <param name="uses">Every buffer of the plan that the step reads or writes; null ones are passed over.</param>
    public void Launch(string name, Action<IKernelLaunches> add, params ReadOnlySpan<PlanBuffer?> uses)
    {
        var buffers = new List<PlanBuffer>();
        foreach (PlanBuffer? buffer in uses)
            if (buffer != null) buffers.Add(buffer);
        _backend.Launch($"{_node.Name} {name}", add, buffers);
    }
}

/// <summary>What a loss emits its launches through.</summary>
public sealed class GpuLossEmitter
{
    private readonly GpuBackend _backend;

    internal GpuLossEmitter(GpuBackend backend, GpuTensor logits, GpuTensor? gradient, float weight, bool isHead)
    {
        Weight = weight;
        IsHead = isHead;
        _backend = backend;
        Logits = logits;
        Gradient = gradient;
    }

    public int Images => _backend.Images;

    /// <inheritdoc cref="GpuBackend.Scalars"/>
    public ReadOnlyView<StepScalars> Scalars => _backend.Scalars;

    public GpuTensor Logits { get; }

    /// <summary>What losses and gradient are multiplied by.</summary>
    public float Weight { get; }

    /// <summary>Whether the losses are added to what is there, and the ranks left: those are the network's own output's.</summary>
    public bool IsHead { get; }

    /// <summary>Where to write the gradient of the mean loss, or null.</summary>
    public GpuTensor? Gradient { get; }

    /// <summary>[Images] class indices, -1 for none.</summary>
    public ReadOnlyView<int> Labels => _backend.Labels.View;

    /// <summary>Whether images have two labels.</summary>
    public bool IsMixed => _backend.Others != null;

    /// <summary>[Images] the second label of each image; no view where images have one.</summary>
    public ReadOnlyView<int> Others => _backend.Others?.View ?? default;

    /// <summary>[Images] the first label's share of each image; no view where images have one label.</summary>
    public ReadOnlyView<float> Shares => _backend.Shares?.View ?? default;

    /// <summary>[Images]</summary>
    public View<float> Losses => _backend.Losses.View;

    /// <summary>[Images] classes that score above the label's.</summary>
    public View<int> Ranks => _backend.Ranks.View;

    public void Launch(string name, Action<IKernelLaunches> add) =>
        _backend.Launch(name, add, Gradient == null ? [Logits.Buffer] : [Logits.Buffer, Gradient.Buffer]);
}
