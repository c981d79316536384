using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Graphs;

/// <summary>
/// A layer that computes and becomes a node of the graph. It declares its shapes, its parameters, its cost and what plans may do with it,
/// and depends on no device. An operator that is not always a view also implements <c>IDeviceOperator</c>, to emit its kernels.
/// </summary>
public abstract class Operator : Layer
{
    /// <summary>Name in tables and messages.</summary>
    public string Type => GetType().Name;

    public override Value Build(Graph graph, Value input, string path) => graph.Add(this, [input], path);

    /// <summary>Returns the output's shape.</summary>
    /// <exception cref="GpuCnnException">The input does not fit; the message names the layer, and the expected and given
    /// shapes.</exception>
    public abstract Shape InferShape(IReadOnlyList<Shape> inputs);

    /// <summary>Returns the parameters for inputs of these shapes.</summary>
    public virtual IReadOnlyList<ParameterSpec> GetParameters(IReadOnlyList<Shape> inputs) => [];

    /// <summary>Returns the multiply-adds of the forward pass of one sample.</summary>
    public virtual long CountMultiplyAdds(IReadOnlyList<Shape> inputs) => 0;

    /// <summary>Returns the pixels of an input that one output pixel reads; one pixel, unless the operator mixes pixels.</summary>
    public virtual InputWindow WindowOf(IReadOnlyList<Shape> inputs) => InputWindow.Pixel;

    /// <summary>Whether the output is another view of the input's storage, so that nothing is emitted.</summary>
    public virtual bool IsView(bool training) => false;

    /// <summary>Whether each output value depends only on the input value at the same position, so that both are stored alike.</summary>
    public virtual bool IsElementwise => false;

    /// <summary>Whether the operator can read a channels-last network input on the CPU device.</summary>
    public virtual bool ReadsChannelsLast(Shape input) => false;

    /// <summary>Function that the operator applies to each value, which plans may fuse into the previous operator; or null.</summary>
    public virtual IPointwise? FusedFunction => null;

    /// <summary>Whether the output is the sum of the two inputs; plans fuse it into the previous operator.</summary>
    public virtual bool IsSum => false;

    /// <summary>Whether the output concatenates the inputs along depth; plans store the inputs in place if they can.</summary>
    public virtual bool IsConcatenation => false;

    /// <summary>Whether this operator can apply a following activation as it writes its output.</summary>
    public virtual bool FusesActivation => false;

    /// <summary>Whether this operator can add a value of the output's shape as it writes its output, before the activation.</summary>
    public virtual bool FusesAdd => false;

    /// <summary>
    /// Whether the operator can gather the moments of its output's channels as it writes it; its emitter says whether something reads them.
    /// </summary>
    public virtual bool GathersMoments => false;

    /// <summary>Whether the operator, in training, starts from the moments of its input's channels.</summary>
    public virtual bool ReadsMoments => false;

    /// <summary>
    /// Whether the operator can gather the sums that the gradient of a norm before it needs, as it writes the gradient of the norm's
    /// output, or adds the last part to it, on GPU devices.
    /// </summary>
    public virtual bool GathersGradientSums => false;

    /// <summary>Whether the operator's gradient, in training, starts from such sums.</summary>
    public virtual bool ReadsGradientSums => false;

    /// <summary>Whether the operator, in training, moves running statistics that inference normalizes by.</summary>
    public virtual bool KeepsStatistics => false;

    /// <summary>
    /// Whether the output and its gradient may be a range of channels of a wider volume (<c>FirstChannel</c> and <c>WholeChannels</c> of
    /// the tensors).
    /// </summary>
    public virtual bool WritesSlices => false;

    /// <summary>Whether the operator can add to its inputs' gradients on GPU devices instead of overwriting them.</summary>
    public virtual bool AddsInputGradients => false;
}

/// <summary>An operator with one input.</summary>
public abstract class UnaryOperator : Operator
{
    public sealed override Shape InferShape(IReadOnlyList<Shape> inputs) => InferShape(inputs[0]);

    public sealed override IReadOnlyList<ParameterSpec> GetParameters(IReadOnlyList<Shape> inputs) => GetParameters(inputs[0]);

    public sealed override long CountMultiplyAdds(IReadOnlyList<Shape> inputs) => CountMultiplyAdds(inputs[0]);

    public sealed override InputWindow WindowOf(IReadOnlyList<Shape> inputs) => WindowOf(inputs[0]);

    /// <inheritdoc cref="Operator.InferShape"/>
    protected abstract Shape InferShape(Shape input);

    /// <inheritdoc cref="Operator.GetParameters"/>
    protected virtual IReadOnlyList<ParameterSpec> GetParameters(Shape input) => [];

    /// <inheritdoc cref="Operator.CountMultiplyAdds"/>
    protected virtual long CountMultiplyAdds(Shape input) => 0;

    /// <inheritdoc cref="Operator.WindowOf"/>
    protected virtual InputWindow WindowOf(Shape input) => InputWindow.Pixel;
}
