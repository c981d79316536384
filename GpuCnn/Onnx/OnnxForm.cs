using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Onnx;

/// <summary>
/// Writes one kind of layer as nodes of ONNX. To add one, derive a class from <see cref="OnnxForm{TLayer}"/>: <see cref="Registry"/> finds
/// it.
/// </summary>
public abstract class OnnxForm
{
    private protected OnnxForm() { }

    /// <summary>Type of the layers that it writes.</summary>
    public abstract Type Layer { get; }

    /// <summary>Adds the nodes that compute a layer at inference.</summary>
    /// <param name="inputs">Names of the layer's inputs.</param>
    /// <returns>Name of the layer's output: an input where the layer changes nothing.</returns>
    internal abstract string Write(OnnxGraph graph, Node node, IReadOnlyList<string> inputs);

    /// <exception cref="GpuCnnException">No class writes this node's layer.</exception>
    internal static OnnxForm For(IReadOnlyDictionary<Type, OnnxForm> forms, Node node) =>
        forms.TryGetValue(node.Operator.GetType(), out OnnxForm? form) ? form
            : throw new GpuCnnException(
                $"'{node.Path}' is a {node.Operator.Type}, which no class writes as ONNX; derive one from OnnxForm<{node.Operator.Type}>.");

    internal static IReadOnlyDictionary<Type, OnnxForm> All() =>
        Registry.CreateAll<OnnxForm>().GroupBy(form => form.Layer).ToDictionary(forms => forms.Key, forms => forms.Last());
}

/// <inheritdoc cref="OnnxForm"/>
public abstract class OnnxForm<TLayer> : OnnxForm where TLayer : Operator
{
    public sealed override Type Layer => typeof(TLayer);

    internal sealed override string Write(OnnxGraph graph, Node node, IReadOnlyList<string> inputs) =>
        Write(graph, node, (TLayer)node.Operator, inputs);

    /// <inheritdoc cref="OnnxForm.Write"/>
    protected abstract string Write(OnnxGraph graph, Node node, TLayer layer, IReadOnlyList<string> inputs);
}
