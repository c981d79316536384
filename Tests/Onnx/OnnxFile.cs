using System.Text.Json;
using NUnit.Framework;

namespace GpuCnn.Tests.Onnx;

/// <summary>An ONNX file, read and checked as the format demands. Field numbers are those of the public onnx.proto.</summary>
internal sealed class OnnxFile
{
    private OnnxFile(ProtobufFields model)
    {
        Model = model;
        Graph = model.Message(7);
        Nodes =
        [
            .. Graph.Messages(1).Select(
                node => new OnnxNode(node.Text(3), node.Text(4), node.Texts(1), node.Texts(2), node.Messages(5))),
        ];
        Metadata = model.Messages(14).ToDictionary(entry => entry.Text(1), entry => entry.Text(2));
    }

    public ProtobufFields Model { get; }

    public ProtobufFields Graph { get; }

    public IReadOnlyList<OnnxNode> Nodes { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    public IReadOnlyList<string?> Classes => JsonSerializer.Deserialize<string[]>(Metadata["classes"])!;

    public IEnumerable<string> Types => Nodes.Select(node => node.Type);

    /// <summary>Reads a file, and checks that it is well formed: as strict as a viewer or a checker.</summary>
    public static OnnxFile Read(string path)
    {
        var file = new OnnxFile(new ProtobufFields(File.ReadAllBytes(path)));
        Assert.That(file.Model.Integer(1), Is.EqualTo(8), "version of the format");
        Assert.That(file.Model.Text(2), Is.EqualTo("GpuCnn"), "producer");
        ProtobufFields opset = file.Model.Message(8);
        Assert.That((opset.Has(1) ? opset.Text(1) : "", opset.Integer(2)), Is.EqualTo(("", 17L)), "operator set");
        file.CheckNames();
        file.CheckConstants();
        file.CheckShapes();
        return file;
    }

    /// <summary>The dimensions of a graph's input, output or value; text stands for names.</summary>
    public static IReadOnlyList<object> Dimensions(ProtobufFields value)
    {
        ProtobufFields tensor = value.Message(2).Message(1);
        Assert.That(tensor.Integer(1), Is.EqualTo(1), "floats");
        return [.. tensor.Message(2).Messages(1).Select(dimension => dimension.Has(2) ? (object)dimension.Text(2) : dimension.Integer(1))];
    }

    /// <summary>Names are unique, and every input of a node is a constant, the graph's input or the output of a node before it.</summary>
    private void CheckNames()
    {
        Assert.That(Nodes.Select(node => node.Name), Is.Unique.And.All.Not.Empty, "names of nodes");
        string[] constants = [.. Graph.Messages(5).Select(constant => constant.Text(8))];
        HashSet<string> known = ["input"];
        foreach (string constant in constants) Assert.That(known.Add(constant), $"'{constant}' is defined twice");
        foreach (OnnxNode node in Nodes)
        {
            foreach (string input in node.Inputs.Where(input => input != ""))
                Assert.That(known, Does.Contain(input), $"{node.Name} reads '{input}', which nothing before it gives");
            foreach (string output in node.Outputs) Assert.That(known.Add(output), $"'{output}' is defined twice");
            foreach (ProtobufFields attribute in node.Attributes) Assert.That(attribute.Numbers, Does.Contain(1).And.Contain(20));
        }
        Assert.That(known, Does.Contain("output"));
        HashSet<string> read = [.. Nodes.SelectMany(node => node.Inputs)];
        Assert.That(constants.Where(constant => !read.Contains(constant)), Is.Empty, "constants that nothing reads");
        Assert.That(Nodes.Where(node => !node.Outputs.Any(output => output == "output" || read.Contains(output))).Select(node => node.Name),
            Is.Empty, "nodes that nothing reads");
    }

    private void CheckConstants()
    {
        foreach (ProtobufFields constant in Graph.Messages(5))
        {
            long type = constant.Integer(2), count = constant.Has(1) ? constant.Integers(1).Aggregate(1L, (a, b) => a * b) : 1;
            Assert.That(type, Is.EqualTo(1).Or.EqualTo(7), "float32 or int64");
            Assert.That(constant.Bytes(9).Length, Is.EqualTo(count * (type == 1 ? 4 : 8)), constant.Text(8));
        }
    }

    private void CheckShapes()
    {
        HashSet<string> outputs = [.. Nodes.SelectMany(node => node.Outputs)];
        Assert.That(Graph.Message(11).Text(1), Is.EqualTo("input"));
        Assert.That(Graph.Message(12).Text(1), Is.EqualTo("output"));
        Assert.That(Dimensions(Graph.Message(11))[0], Is.EqualTo("batch"));
        Assert.That(Dimensions(Graph.Message(12)), Is.EqualTo(new object[] { "batch", (long)Classes.Count }));
        string[] described = [.. Graph.Messages(13).Select(value => value.Text(1))];
        Assert.That(described, Is.Unique.And.SubsetOf(outputs));
        foreach (ProtobufFields value in Graph.Messages(13)) Assert.That(Dimensions(value)[0], Is.EqualTo("batch"));
    }
}

internal sealed record OnnxNode(
    string Name, string Type, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyList<ProtobufFields> Attributes);
