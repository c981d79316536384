using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Graphs;

/// <summary>An edge of a graph: the network's input, or the output of a node.</summary>
public sealed class Value
{
    private readonly List<Node> _consumers = [];

    internal Value(Shape shape, Node? producer)
    {
        Shape = shape;
        Producer = producer;
    }

    public Shape Shape { get; }

    /// <summary>Null for the network's input.</summary>
    public Node? Producer { get; }

    /// <summary>Nodes that read it, in order of execution, those of training heads too.</summary>
    public IReadOnlyList<Node> Consumers => _consumers;

    internal void AddConsumer(Node node) => _consumers.Add(node);
}

/// <summary>A parameter of a node, by its path in the network: <c>conv1.weight</c>.</summary>
public sealed class Parameter
{
    internal Parameter(string path, ParameterSpec spec, Node node)
    {
        Path = path;
        Spec = spec;
        Node = node;
        IsTrained = spec is { Role: not ParameterRole.State, IsFixed: false };
    }

    public string Path { get; }

    public ParameterSpec Spec { get; }

    public Node Node { get; }

    /// <summary>Whether training changes it by its gradient.</summary>
    public bool IsTrained { get; private set; }

    /// <summary>Whether it is frozen at first, and trained by plans that train late parameters.</summary>
    public bool IsLate { get; private set; }

    /// <summary>Whether it belongs to a layer that gives the classes: the last one with parameters before an output.</summary>
    public bool IsHead { get; internal set; }

    public bool IsState => Spec.Role == ParameterRole.State;

    internal void Freeze(bool isLate) => (IsTrained, IsLate) = (false, isLate);

    public override string ToString() => Path;
}

/// <summary>An operator at its place in a network.</summary>
public sealed class Node
{
    internal Node(int index, string path, Operator layer, IReadOnlyList<Value> inputs)
    {
        Index = index;
        Path = path;
        Operator = layer;
        Inputs = inputs;
        InputShapes = [.. inputs.Select(input => input.Shape)];
        Output = new Value(layer.InferShape(InputShapes), this);
        Parameters =
        [
            .. layer.GetParameters(InputShapes)
                .Select(spec => new Parameter(path.Length == 0 ? spec.Name : $"{path}.{spec.Name}", spec, this)),
        ];
    }

    /// <summary>Position in the order of execution.</summary>
    public int Index { get; }

    public string Path { get; }

    public Operator Operator { get; }

    public IReadOnlyList<Value> Inputs { get; }

    public IReadOnlyList<Shape> InputShapes { get; }

    public Value Output { get; }

    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Whether training normalizes by running statistics, and leaves them as they are.</summary>
    public bool FreezesStatistics { get; internal set; }

    /// <summary>Multiply-adds of the forward pass of one sample.</summary>
    public long MultiplyAdds => Operator.CountMultiplyAdds(InputShapes);
}

/// <summary>An extra output used only in training, with the weight of its loss.</summary>
public sealed record Head(Value Output, float Weight);

/// <summary>The operators of a network in order of execution, and the values between them.</summary>
public sealed class Graph
{
    private readonly List<Node> _nodes = [];
    private readonly List<Head> _heads = [];

    internal Graph(Shape input) => Input = new Value(input, null);

    public Value Input { get; }

    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Extra outputs used only in training.</summary>
    public IReadOnlyList<Head> Heads => _heads;

    /// <summary>Gives a value its own loss in training.</summary>
    /// <param name="weight">Weight of the loss, relative to 1 for the network's own.</param>
    public void AddHead(Value output, float weight) => _heads.Add(new(output, weight));

    /// <summary>Returns the nodes that values are computed from.</summary>
    public static HashSet<Node> Leading(params IEnumerable<Value> values)
    {
        var found = new HashSet<Node>();
        var open = new Stack<Value>(values);
        while (open.TryPop(out Value? value))
        {
            if (value.Producer is not { } producer || !found.Add(producer)) continue;
            foreach (Value input in producer.Inputs) open.Push(input);
        }
        return found;
    }

    /// <summary>Adds an operator and infers its output's shape.</summary>
    public Value Add(Operator layer, IReadOnlyList<Value> inputs, string path)
    {
        var node = new Node(_nodes.Count, path, layer, inputs);
        foreach (Value input in inputs.Distinct()) input.AddConsumer(node);
        _nodes.Add(node);
        return node.Output;
    }
}
