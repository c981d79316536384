using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Graphs;

/// <summary>A network for one input shape: its graph, and properties that need no device.</summary>
public sealed class Network
{
    /// <summary>Builds the graph of <paramref name="layers"/>, and infers and checks every shape.</summary>
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
        foreach (Parameter parameter in ClassLayers().SelectMany(node => node.Parameters)) parameter.IsHead = !parameter.IsState;
        if (repeated is not null) throw new ArgumentException($"{name} has two parameters named '{repeated}'.", nameof(layers));
    }

    public string Name { get; }

    public Graph Graph { get; }

    public Shape Input => Graph.Input.Shape;

    public Value Output { get; }

    /// <summary>All parameters, in order of execution.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Parameters that have gradients; the others are state.</summary>
    public IEnumerable<Parameter> Learned => Parameters.Where(parameter => !parameter.IsState);

    /// <summary>Nodes used only in training: those of heads.</summary>
    public IReadOnlySet<Node> HeadNodes { get; }

    /// <summary>Returns the values that a loss reads: the output and, in training, the heads' outputs.</summary>
    internal IReadOnlyList<Value> Outputs(bool training) => [Output, .. training ? Graph.Heads.Select(head => head.Output) : []];

    /// <summary>Weights of the network for inference, without training heads.</summary>
    public long WeightCount => Count(ParameterRole.Weight, withHeads: false);

    /// <inheritdoc cref="WeightCount"/>
    public long BiasCount => Count(ParameterRole.Bias, withHeads: false);

    /// <inheritdoc cref="WeightCount"/>
    public long ParameterCount => WeightCount + BiasCount;

    /// <summary>Parameters of the network in training.</summary>
    public long ParameterCountWithHeads => Count(ParameterRole.Weight, withHeads: true) + Count(ParameterRole.Bias, withHeads: true);

    /// <summary>Multiply-adds of the forward pass of one sample at inference.</summary>
    public long MultiplyAdds => Graph.Nodes.Where(node => !HeadNodes.Contains(node)).Sum(node => node.MultiplyAdds);

    /// <summary>Keeps parameters unchanged in training. Call it before creating a store or a plan of the network.</summary>
    /// <param name="isFrozen">Receives the path of each trained parameter.</param>
    /// <returns>The number of parameters that this call froze.</returns>
    public int Freeze(Predicate<string> isFrozen)
    {
        int count = 0;
        foreach (Parameter parameter in Parameters.Where(parameter => parameter.IsTrained && isFrozen(parameter.Path)))
        {
            parameter.Freeze(isLate: false);
            count++;
        }
        return count;
    }

    /// <summary>
    /// Lets plans with <c>PlanOptions.TrainsLate</c> train what <see cref="Freeze"/> froze. Call it before creating a store or a plan of
    /// the network.
    /// </summary>
    /// <returns>The number of parameters.</returns>
    public int TrainFrozenLate()
    {
        Parameter[] frozen = [.. Learned.Where(parameter => parameter is { IsTrained: false, Spec.IsFixed: false })];
        foreach (Parameter parameter in frozen) parameter.Freeze(isLate: true);
        return frozen.Length;
    }

    /// <summary>
    /// Makes norms use their running statistics in training as in inference, and leave them as they are (PyTorch's <c>bn.eval()</c>). Scale
    /// and shift are trained unless they are frozen too. Call it before creating a plan of the network.
    /// </summary>
    /// <returns>The number of norms.</returns>
    public int FreezeStatistics()
    {
        Node[] norms = [.. Graph.Nodes.Where(node => node.Operator.KeepsStatistics)];
        foreach (Node norm in norms) norm.FreezesStatistics = true;
        return norms.Length;
    }

    /// <summary>Returns the last nodes with learned parameters on each way to an output, those of training heads included.</summary>
    private HashSet<Node> ClassLayers()
    {
        var found = new HashSet<Node>();
        var open = new Stack<Value>(Outputs(training: true));
        var seen = new HashSet<Value>();
        while (open.TryPop(out Value? value))
        {
            if (!seen.Add(value) || value.Producer is not { } producer) continue;
            if (producer.Parameters.Any(parameter => !parameter.IsState)) found.Add(producer);
            else foreach (Value input in producer.Inputs) open.Push(input);
        }
        return found;
    }

    private long Count(ParameterRole role, bool withHeads) => Parameters
        .Where(parameter => parameter.Spec.Role == role && (withHeads || !HeadNodes.Contains(parameter.Node)))
            .Sum(parameter => (long)parameter.Spec.Count);
}
