using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Graphs;

/// <summary>A network for one input shape: its graph and what can be told from it without a device.</summary>
public sealed class Network
{
    /// <summary>Builds the graph of <paramref name="layers"/>; every shape is inferred, and one that does not fit is reported here.</summary>
    /// <exception cref="GpuCnnException">A layer does not fit its input.</exception>
    public Network(string name, Layer layers, Shape input)
    {
        Name = name;
        Graph = new Graph(input);
        Output = layers.Build(Graph, Graph.Input, "");
        Parameters = [.. Graph.Nodes.SelectMany(node => node.Parameters)];
        string? repeated = Parameters.GroupBy(parameter => parameter.Path).FirstOrDefault(group => group.Count() > 1)?.Key;
        HashSet<Node> inferring = Graph.Leading(Output);
        HeadNodes = Graph.Leading(Graph.Heads.Select(head => head.Output)).Where(node => !inferring.Contains(node)).ToHashSet();
        if (repeated != null) throw new ArgumentException($"{name} has two parameters named '{repeated}'.", nameof(layers));
    }

    public string Name { get; }

    public Graph Graph { get; }

    public Shape Input => Graph.Input.Shape;

    public Value Output { get; }

    /// <summary>In order of execution.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Those that have gradients; the others are state.</summary>
    public IEnumerable<Parameter> Learned => Parameters.Where(parameter => !parameter.IsState);

    /// <summary>Nodes that only training has: those of heads.</summary>
    public IReadOnlySet<Node> HeadNodes { get; }

    /// <summary>Values that a loss reads: the output and, while training, the heads'.</summary>
    internal IReadOnlyList<Value> Outputs(bool training) => [Output, .. training ? Graph.Heads.Select(head => head.Output) : []];

    /// <summary>Weights of the network that infers: those of training heads apart.</summary>
    public long WeightCount => Count(ParameterRole.Weight, withHeads: false);

    /// <inheritdoc cref="WeightCount"/>
    public long BiasCount => Count(ParameterRole.Bias, withHeads: false);

    /// <inheritdoc cref="WeightCount"/>
    public long ParameterCount => WeightCount + BiasCount;

    /// <summary>Parameters of the network as it trains.</summary>
    public long ParameterCountWithHeads => Count(ParameterRole.Weight, withHeads: true) + Count(ParameterRole.Bias, withHeads: true);

    /// <summary>Multiply-adds of the forward pass of one sample, inferring.</summary>
    public long MultiplyAdds => Graph.Nodes.Where(node => !HeadNodes.Contains(node)).Sum(node => node.MultiplyAdds);

    /// <summary>Keeps parameters as they are while training. Before a store or a plan is made of the network.</summary>
    /// <param name="isFrozen">Told the path of each.</param>
    /// <returns>How many are frozen by this.</returns>
    public int Freeze(Predicate<string> isFrozen)
    {
        int count = 0;
        foreach (Parameter parameter in Parameters.Where(parameter => parameter.IsTrained && isFrozen(parameter.Path)))
        {
            parameter.Freeze();
            count++;
        }
        return count;
    }

    private long Count(ParameterRole role, bool withHeads) => Parameters
        .Where(parameter => parameter.Spec.Role == role && (withHeads || !HeadNodes.Contains(parameter.Node))).Sum(parameter => (long)parameter.Spec.Count);
}
