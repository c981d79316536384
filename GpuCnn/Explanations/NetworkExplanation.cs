using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>What a layer reads of the image, and what it costs.</summary>
/// <param name="Field">Receptive field of an output pixel.</param>
/// <param name="Parameters">Weights and biases.</param>
/// <param name="ParameterShare">Of the network's parameters; 0 for layers that only training has.</param>
/// <param name="MultiplyAddShare">Of the network's multiply-adds; 0 for layers that only training has.</param>
/// <param name="Memory">Null for layers without steps of their own: views, and what is fused into the layer before.</param>
public sealed record LayerExplanation(
    Node Node, ReceptiveField Field, long Parameters, double ParameterShare, double MultiplyAddShare, LayerMemory? Memory);

/// <summary>A fully connected layer that reads a volume, as the convolution that it equals.</summary>
/// <param name="Input">The volume: the convolution's filters have its rows, columns and channels.</param>
public sealed record EqualConvolution(Node Layer, Shape Input, int Filters);

/// <summary>Explains a network without weights: receptive fields, shares, memory, and what its shapes of filters save.</summary>
public sealed class NetworkExplanation
{
    /// <summary>Compiles a training step for the CPU to learn the memory. Nothing of it is allocated.</summary>
    /// <param name="images">Images of a batch.</param>
    /// <exception cref="Engine.GpuCnnException">The batch is too large to be compiled.</exception>
    public NetworkExplanation(Network network, int images)
    {
        Network = network;
        Images = images;
        IReadOnlyDictionary<Value, ReceptiveField> fields = ReceptiveField.Of(network.Graph);
        using Device device = new CpuDevice(threads: 1);
        using ParameterStore store = device.CreateParameters(network, training: true);
        using var plan = new Plan(store,
            new() { Images = images, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd() });
        (TrainingBytes, ArenaBytes) = (plan.TotalBytes, plan.ArenaBytes);
        Dictionary<Node, LayerMemory> memory = plan.LayerMemory.ToDictionary(row => row.Node);
        Layers = [.. network.Graph.Nodes.Select(Explain)];
        Node[] inferring = [.. network.Graph.Nodes.Where(node => !network.HeadNodes.Contains(node))];
        Replaced = ReplacedConnections.Of(inferring);
        Stacks = FilterComparison.Stacks(inferring);
        Reductions = FilterComparison.Reductions(inferring);
        EqualConvolutions = [.. inferring.Select(Equal).OfType<EqualConvolution>()];

        LayerExplanation Explain(Node node)
        {
            bool isHead = network.HeadNodes.Contains(node);
            long parameters = node.Parameters.Where(parameter => !parameter.IsState).Sum(parameter => (long)parameter.Spec.Count);
            return new(node, fields[node.Output], parameters, isHead ? 0 : Share(parameters, network.ParameterCount),
                isHead ? 0 : Share(node.MultiplyAdds, network.MultiplyAdds), memory.GetValueOrDefault(node));
        }
    }

    public Network Network { get; }

    /// <summary>Images of the batch that memory is counted for.</summary>
    public int Images { get; }

    /// <summary>All layers in order of execution, those of training heads too.</summary>
    public IReadOnlyList<LayerExplanation> Layers { get; }

    /// <summary>Bytes of a training step: activations, gradients and scratch in one arena, and the parameters.</summary>
    public long TrainingBytes { get; }

    /// <summary>Bytes of the arena, in which layers share memory.</summary>
    public long ArenaBytes { get; }

    /// <summary>What each convolution saves on fully connected layers.</summary>
    public IReadOnlyList<ReplacedConnections> Replaced { get; }

    /// <summary>Convolutions one after another in place of a larger one.</summary>
    public IReadOnlyList<FilterComparison> Stacks { get; }

    /// <summary>1x1 convolutions that make larger ones cheaper.</summary>
    public IReadOnlyList<FilterComparison> Reductions { get; }

    /// <summary>Fully connected layers that read a volume.</summary>
    public IReadOnlyList<EqualConvolution> EqualConvolutions { get; }

    private static EqualConvolution? Equal(Node node)
    {
        if (node.Operator is not Linear linear) return null;
        // Dropout between them moves nothing.
        Value input = node.Inputs[0];
        while (input.Producer is { Operator: not Flatten, Inputs: [var before] } && before.Shape == input.Shape) input = before;
        return input.Producer is { Operator: Flatten, InputShapes: [{ IsVector: false } volume] } && volume.Area > 1
            ? new(node, volume, linear.Units) : null;
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
