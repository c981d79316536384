using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Explanations;

namespace GpuCnn.Cli.Commands;

/// <summary>What <c>gpucnn explain MODEL --json</c> writes.</summary>
internal sealed record ExplainModelReport(
    string Model, int[] Input, int Classes, long Parameters, long Macs, int Batch, long TrainingBytes, long ArenaBytes,
    IReadOnlyList<ExplainedLayer> Layers, IReadOnlyList<ReplacedRow> Convolutions, IReadOnlyList<ComparisonRow> Stacks,
    IReadOnlyList<ComparisonRow> Reductions, IReadOnlyList<EqualRow> EqualConvolutions)
{
    public static ExplainModelReport Of(NetworkExplanation explanation)
    {
        Network network = explanation.Network;
        return new(network.Name, network.Input.Dimensions, network.Output.Shape.Count, network.ParameterCount, network.MultiplyAdds,
            explanation.Images, explanation.TrainingBytes, explanation.ArenaBytes,
            [.. explanation.Layers.Select(layer => ExplainedLayer.Of(layer, network))],
            [.. explanation.Replaced.Select(row => new ReplacedRow(row.Layer.Path, row.Shared, row.Unshared, row.Connected))],
            [.. explanation.Stacks.Select(ComparisonRow.Of)], [.. explanation.Reductions.Select(ComparisonRow.Of)],
            [.. explanation.EqualConvolutions.Select(row => new EqualRow(row.Layer.Path, row.Input.Dimensions, row.Filters))]);
    }
}

/// <summary>A layer of the report.</summary>
internal sealed record ExplainedLayer(
    string Name, string Type, bool IsHead, int[] Input, int[] Output, ReceptiveField Field, long Parameters, double ParameterShare,
    long Macs, double MacShare, long? ActivationBytes, long? GradientBytes, long? ScratchBytes)
{
    public static ExplainedLayer Of(LayerExplanation layer, Network network)
    {
        (Node node, LayerMemory? memory) = (layer.Node, layer.Memory);
        return new(node.Path, node.Operator.Type, network.HeadNodes.Contains(node), node.InputShapes[0].Dimensions,
            node.Output.Shape.Dimensions, layer.Field, layer.Parameters, layer.ParameterShare, node.MultiplyAdds,
            layer.MultiplyAddShare, memory?.Activations, memory?.Gradients, memory?.Scratch);
    }
}

/// <summary>A convolution of the report, beside layers without its sparseness.</summary>
internal sealed record ReplacedRow(string Layer, long Parameters, long ParametersWithoutSharing, long ParametersFullyConnected);

/// <summary>Filters of the report, beside those that would take their place.</summary>
internal sealed record ComparisonRow(
    IReadOnlyList<string> Layers, string Built, string Instead, long Weights, long InsteadWeights, long Macs, long InsteadMacs)
{
    public static ComparisonRow Of(FilterComparison row) => new([.. row.Layers.Select(node => node.Path)], row.Built, row.Instead,
        row.Weights, row.InsteadWeights, row.MultiplyAdds, row.InsteadMultiplyAdds);
}

/// <summary>A fully connected layer of the report that equals a convolution.</summary>
internal sealed record EqualRow(string Layer, int[] Input, int Filters);
