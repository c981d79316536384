using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Protobuf;

namespace GpuCnn.Onnx;

/// <summary>
/// An ONNX graph that is being written: nodes in the order they are added, and the constants that they read. Names of values and of nodes
/// are made unique. The fields are those of the public onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
/// </summary>
public sealed class OnnxGraph
{
    internal const string Input = "input", Output = "output", Batch = "batch";

    // Fields of GraphProto, NodeProto, TensorProto, ValueInfoProto and the messages of TypeProto; members of TensorProto.DataType.
    private const int GraphNode = 1, GraphName = 2, GraphInitializer = 5, GraphInput = 11, GraphOutput = 12, GraphValue = 13;
    private const int NodeInput = 1, NodeOutput = 2, NodeName = 3, NodeType = 4, NodeAttribute = 5;
    private const int TensorDimension = 1, TensorType = 2, TensorName = 8, TensorBytes = 9;
    private const int ValueName = 1, ValueType = 2, TypeTensor = 1, ElementType = 1, TensorShape = 2, ShapeDimension = 1, DimensionSize = 1,
        DimensionName = 2;
    private const int FloatType = 1, IntegerType = 7;

    private readonly string _name;
    private readonly IReadOnlyDictionary<string, Tensor> _weights;
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<ProtobufMessage> _constants = [];
    private readonly Dictionary<string, Shape> _shapes = [];
    private readonly HashSet<string> _values = [Input, Output], _nodeNames = [];

    /// <param name="weights">Tensors by path.</param>
    internal OnnxGraph(string name, IReadOnlyDictionary<string, Tensor> weights) => (_name, _weights) = (name, weights);

    /// <summary>Number of nodes so far.</summary>
    public int NodeCount => _nodes.Count;

    /// <summary>Adds a node with one output.</summary>
    /// <param name="path">Name of the node and of its output; a number is appended if it is taken.</param>
    /// <param name="type">Operator of ONNX, opset 17.</param>
    /// <param name="inputs">Names of values and constants; an empty name leaves out an optional input.</param>
    /// <returns>Name of the output.</returns>
    public string Add(string path, string type, IReadOnlyList<string> inputs, params IReadOnlyList<OnnxAttribute> attributes)
    {
        string name = path.Length == 0 ? type : path, output = Unique(_values, name);
        _nodes.Add(new(Unique(_nodeNames, name), type, [.. inputs], output, attributes));
        return output;
    }

    /// <summary>Adds a parameter of a node as a constant.</summary>
    /// <param name="name">Last part of its path: "weight".</param>
    /// <returns>Name of the constant; null if the node has no such parameter.</returns>
    public string? Parameter(Node node, string name)
    {
        string path = node.Path.Length == 0 ? name : $"{node.Path}.{name}";
        return _weights.TryGetValue(path, out Tensor? tensor) ? AddConstant(path, tensor.Dimensions, tensor.Values) : null;
    }

    /// <summary>Adds a constant tensor of floats.</summary>
    /// <returns>Name of the constant.</returns>
    public string AddConstant(string name, IReadOnlyList<int> dimensions, float[] values) =>
        AddConstant(name, FloatType, dimensions, new FloatBytes(values).Memory);

    /// <summary>Adds a constant list of whole numbers.</summary>
    /// <returns>Name of the constant.</returns>
    public string AddConstant(string name, params IReadOnlyList<long> values)
    {
        var bytes = new byte[values.Count * sizeof(long)];
        for (int i = 0; i < values.Count; i++) BitConverter.TryWriteBytes(bytes.AsSpan(i * sizeof(long)), values[i]);
        return AddConstant(name, IntegerType, [values.Count], bytes);
    }

    /// <summary>States the shape of a value, for readers that show it.</summary>
    internal void Describe(string value, Shape shape) => _shapes.TryAdd(value, shape);

    /// <summary>Makes a value the graph's output, under its fixed name.</summary>
    internal void Finish(string value, Shape shape)
    {
        if (value == Input) Add("", "Identity", [value]);
        string old = value == Input ? _nodes[^1].Output : value;
        for (int i = 0; i < _nodes.Count; i++)
        {
            OnnxNode node = _nodes[i];
            _nodes[i] = node with
            {
                Inputs = [.. node.Inputs.Select(input => input == old ? Output : input)],
                Output = node.Output == old ? Output : node.Output,
            };
        }
        _shapes.Remove(old);
        _shapes[Output] = shape;
    }

    /// <summary>The message of the whole graph.</summary>
    internal ProtobufMessage ToMessage(Shape input)
    {
        ProtobufMessage message = new();
        foreach (OnnxNode node in _nodes)
        {
            ProtobufMessage one = new();
            foreach (string name in node.Inputs) one.Add(NodeInput, name);
            one.Add(NodeOutput, node.Output).Add(NodeName, node.Name).Add(NodeType, node.Type);
            foreach (OnnxAttribute attribute in node.Attributes) one.Add(NodeAttribute, attribute.Message);
            message.Add(GraphNode, one);
        }
        message.Add(GraphName, _name);
        foreach (ProtobufMessage constant in _constants) message.Add(GraphInitializer, constant);
        message.Add(GraphInput, Value(Input, input)).Add(GraphOutput, Value(Output, _shapes[Output]));
        foreach ((string name, Shape shape) in _shapes.Where(pair => pair.Key is not (Input or Output)))
            message.Add(GraphValue, Value(name, shape));
        return message;
    }

    private string AddConstant(string name, int type, IReadOnlyList<int> dimensions, ReadOnlyMemory<byte> bytes)
    {
        string unique = Unique(_values, name);
        ProtobufMessage message = new();
        foreach (int dimension in dimensions) message.Add(TensorDimension, (long)dimension);
        _constants.Add(message.Add(TensorType, type).Add(TensorName, unique).Add(TensorBytes, bytes));
        return unique;
    }

    private static ProtobufMessage Value(string name, Shape shape)
    {
        ProtobufMessage dimensions = new();
        dimensions.Add(ShapeDimension, new ProtobufMessage().Add(DimensionName, Batch));
        foreach (int dimension in shape.Dimensions) dimensions.Add(ShapeDimension, new ProtobufMessage().Add(DimensionSize, dimension));
        ProtobufMessage tensor = new ProtobufMessage().Add(ElementType, FloatType).Add(TensorShape, dimensions);
        return new ProtobufMessage().Add(ValueName, name).Add(ValueType, new ProtobufMessage().Add(TypeTensor, tensor));
    }

    private static string Unique(HashSet<string> taken, string name)
    {
        string free = name;
        for (int number = 2; !taken.Add(free); number++) free = $"{name}_{number}";
        return free;
    }

    private sealed record OnnxNode(
        string Name, string Type, IReadOnlyList<string> Inputs, string Output, IReadOnlyList<OnnxAttribute> Attributes);
}
