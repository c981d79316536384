using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Graphs;

/// <summary>
/// A layer that computes: it becomes a node of the graph. It states its shapes, its parameters, its cost and what plans may do with it. It
/// knows no device: one that is not always a view also implements <c>IDeviceOperator</c>, to emit its kernels.
/// </summary>
public abstract class Operator : Layer
{
    /// <summary>What the operator is called in tables and messages.</summary>
    public string Type => GetType().Name;

    public override Value Build(Graph graph, Value input, string path) => graph.Add(this, [input], path);

    /// <summary>The output's shape.</summary>
    /// <exception cref="GpuCnnException">The input does not fit; the message names the layer, what it expects and what it got.</exception>
    public abstract Shape InferShape(IReadOnlyList<Shape> inputs);

    /// <summary>The parameters this operator has for inputs of these shapes.</summary>
    public virtual IReadOnlyList<ParameterSpec> GetParameters(IReadOnlyList<Shape> inputs) => [];

    /// <summary>Multiply-adds of the forward pass of one sample.</summary>
    public virtual long CountMultiplyAdds(IReadOnlyList<Shape> inputs) => 0;

    /// <summary>Whether the output is the input's storage, only seen otherwise; then nothing is emitted.</summary>
    public virtual bool IsView(bool training) => false;

    /// <summary>Whether each value of the output follows from the same value of the input; then both are stored alike.</summary>
    public virtual bool IsElementwise => false;

    /// <summary>Whether, on the CPU device, the operator can read a network's input as channels-last.</summary>
    public virtual bool ReadsChannelsLast(Shape input) => false;

    /// <summary>The function that the operator applies to each value, for plans to fuse into the operator before it; or null.</summary>
    public virtual IPointwise? FusedFunction => null;

    /// <summary>Whether the output is the sum of the two inputs; plans fuse it into the operator before it.</summary>
    public virtual bool IsSum => false;

    /// <summary>Whether the output is the inputs one after another along depth; plans store them in place where they can.</summary>
    public virtual bool IsConcatenation => false;

    /// <summary>Whether an activation that follows can be applied as this operator writes its output.</summary>
    public virtual bool FusesActivation => false;

    /// <summary>Whether a value of the output's shape can be added as this operator writes its output, before the activation.</summary>
    public virtual bool FusesAdd => false;

    /// <summary>Whether the operator may gather the moments of each channel of its output as it writes it; its emitter says where somebody reads them.</summary>
    public virtual bool GathersMoments => false;

    /// <summary>Whether, while training, the operator starts from the moments of each channel of its input.</summary>
    public virtual bool ReadsMoments => false;

    /// <summary>Whether the output, and its gradient, may be a run of channels of a wider volume (<c>FirstChannel</c> and <c>WholeChannels</c> of the tensors).</summary>
    public virtual bool WritesSlices => false;

    /// <summary>Whether, on GPU devices, the inputs' gradients can be added to what is there.</summary>
    public virtual bool AddsInputGradients => false;
}

/// <summary>An operator of one input.</summary>
public abstract class UnaryOperator : Operator
{
    public sealed override Shape InferShape(IReadOnlyList<Shape> inputs) => InferShape(inputs[0]);

    public sealed override IReadOnlyList<ParameterSpec> GetParameters(IReadOnlyList<Shape> inputs) => GetParameters(inputs[0]);

    public sealed override long CountMultiplyAdds(IReadOnlyList<Shape> inputs) => CountMultiplyAdds(inputs[0]);

    /// <inheritdoc cref="Operator.InferShape"/>
    protected abstract Shape InferShape(Shape input);

    /// <inheritdoc cref="Operator.GetParameters"/>
    protected virtual IReadOnlyList<ParameterSpec> GetParameters(Shape input) => [];

    /// <inheritdoc cref="Operator.CountMultiplyAdds"/>
    protected virtual long CountMultiplyAdds(Shape input) => 0;
}
