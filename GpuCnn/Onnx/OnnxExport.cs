using System.Reflection;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Protobuf;

namespace GpuCnn.Onnx;

/// <summary>
/// A network that infers, as an ONNX model of opset 17: one input named <c>input</c>, [batch, C, H, W], and one output named <c>output</c>,
/// [batch, classes], with the logits.
/// </summary>
internal sealed class OnnxExport
{
    public const int Opset = 17;

    /// <summary>Protobuf's limit for a message.</summary>
    public const long LargestFile = int.MaxValue;

    // The version of the format that came with opset 17.
    private const int Format = 8;

    // Fields of ModelProto, OperatorSetIdProto and StringStringEntryProto.
    private const int FormatField = 1, ProducerField = 2, ProducerVersionField = 3, TextField = 6, GraphField = 7, OpsetField = 8,
        MetadataField = 14, OpsetVersion = 2, KeyField = 1, ValueField = 2;

    /// <param name="weights">Tensors of the network by path.</param>
    /// <param name="metadata">Classes, and how images become input.</param>
    /// <param name="fold">Whether batch norms become part of the convolutions before them.</param>
    /// <exception cref="GpuCnnException">A layer has no form in ONNX, or the file would be too large.</exception>
    public OnnxExport(Network network, IReadOnlyDictionary<string, Tensor> weights, ModelMetadata metadata, bool fold)
    {
        HashSet<Node> leading = Graph.Leading(network.Output);
        Node[] nodes = [.. network.Graph.Nodes.Where(leading.Contains)];
        var folding = new BatchNormFolding(fold ? nodes : [], network.Output, weights);
        var graph = new OnnxGraph(network.Name, folding.Weights);
        IReadOnlyDictionary<Type, OnnxForm> forms = OnnxForm.All();
        Dictionary<Value, string> names = new() { [network.Graph.Input] = OnnxGraph.Input };
        foreach (Node node in nodes)
        {
            string[] inputs = [.. node.Inputs.Select(input => names[input])];
            names[node.Output] = folding.Has(node) ? inputs[0] : OnnxForm.For(forms, node).Write(graph, node, inputs);
            if (names[node.Output] != OnnxGraph.Input) graph.Describe(names[node.Output], node.Output.Shape);
        }
        string output = AsVector(graph, names[network.Output], network.Output.Shape);
        graph.Finish(output, Shape.Vector(network.Output.Shape.Count));
        FoldedNorms = folding.Count;
        NodeCount = graph.NodeCount;
        Message = ToMessage(graph.ToMessage(network.Input), metadata);
        CheckSize(network.Name, Message.Size);
    }

    /// <summary>The file's content.</summary>
    public ProtobufMessage Message { get; }

    public int NodeCount { get; }

    /// <summary>Number of batch norms that became part of a convolution.</summary>
    public int FoldedNorms { get; }

    /// <summary>Checks the size of a network's file before its weights are gathered.</summary>
    /// <exception cref="GpuCnnException">It would be larger than a protobuf message can be.</exception>
    public static void CheckSize(Network network) =>
        CheckSize(network.Name, sizeof(float) * Graph.Leading(network.Output).SelectMany(node => node.Parameters)
            .Sum(parameter => (long)parameter.Spec.Count));

    private static void CheckSize(string name, long bytes)
    {
        if (bytes > LargestFile)
            throw new GpuCnnException($"{name} as ONNX has {bytes} bytes or more, but such a file has at most {LargestFile}; "
                + "use a smaller network.");
    }

    /// <summary>Adds what makes a vector of a volume, in the order of the classes: rows, columns, channels.</summary>
    private static string AsVector(OnnxGraph graph, string value, Shape shape)
    {
        if (shape.IsVector) return value;
        if (shape.Area > 1) value = graph.Add("output/rows", "Transpose", [value], OnnxAttribute.Ints("perm", 0, 2, 3, 1));
        return graph.Add("output/vector", "Flatten", [value], OnnxAttribute.Int("axis", 1));
    }

    private static ProtobufMessage ToMessage(ProtobufMessage graph, ModelMetadata metadata)
    {
        string steps = string.Join('\n', PreparationText.Steps(metadata));
        string version = typeof(OnnxExport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        ProtobufMessage message = new ProtobufMessage().Add(FormatField, Format).Add(ProducerField, "GpuCnn")
            .Add(ProducerVersionField, version).Add(TextField, steps).Add(GraphField, graph)
            .Add(OpsetField, new ProtobufMessage().Add(OpsetVersion, Opset));
        // Hashes of a run's images are of use to its own weights file alone.
        IEnumerable<KeyValuePair<string, string>> entries = (metadata with { Validated = null, Trained = null }).ToEntries();
        foreach ((string key, string value) in entries.Append(new("preprocessing", steps)))
            message.Add(MetadataField, new ProtobufMessage().Add(KeyField, key).Add(ValueField, value));
        return message;
    }
}
