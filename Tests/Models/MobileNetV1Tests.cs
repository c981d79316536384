using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Models;
using GpuCnn.Tests.Torch;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Compares MobileNetV1 with its definition in PyTorch and with its paper.</summary>
public sealed class MobileNetV1Tests
{
    private static readonly Architecture Subject = Architecture.Find("mobilenet-v1");

    [Test]
    public void LogitsMatchPyTorch() => Assert.That(TheirNetwork.DistanceOf(Subject.Name, "3x64x64"), Is.LessThan(1e-4));

    /// <summary>Compares volumes with table 1 of the paper, which states the input of each layer.</summary>
    [Test]
    public void VolumesMatchThePaper()
    {
        IEnumerable<string> outputs =
            Subject.Build().Graph.Nodes.Where(node => node.Operator is Conv2d).Select(node => $"{node.Output.Shape}");
        Assert.That(outputs, Is.EqualTo(new[]
        {
            "32x112x112", "32x112x112", "64x112x112", "64x56x56", "128x56x56", "128x56x56", "128x56x56", "128x28x28", "256x28x28",
            "256x28x28", "256x28x28", "256x14x14", "512x14x14", "512x14x14", "512x14x14", "512x14x14", "512x14x14", "512x14x14",
            "512x14x14", "512x14x14", "512x14x14", "512x14x14", "512x14x14", "512x7x7", "1024x7x7", "1024x7x7", "1024x7x7",
        }));
    }

    /// <summary>Compares shares of work and parameters, in percent, with table 2 of the paper.</summary>
    [Test]
    public void SharesOfWorkMatchThePaper()
    {
        Network network = Subject.Build();
        Node[] pointwise = [.. network.Graph.Nodes.Where(node => node.Path.EndsWith(".pointwise", StringComparison.Ordinal))];
        Node[] depthwise = [.. network.Graph.Nodes.Where(node => node.Path.EndsWith(".depthwise", StringComparison.Ordinal))];
        Assert.That(
            depthwise.Select(node => ((Conv2d)node.Operator).Groups),
            Is.EqualTo(depthwise.Select(node => node.Output.Shape.Channels)));
        Assert.That(100.0 * pointwise.Sum(node => node.MultiplyAdds) / network.MultiplyAdds, Is.EqualTo(94.86).Within(0.2));
        Assert.That(100.0 * depthwise.Sum(node => node.MultiplyAdds) / network.MultiplyAdds, Is.EqualTo(3.06).Within(0.1));
        double parameters = pointwise.Sum(node => node.Parameters.Sum(parameter => parameter.Spec.Count));
        Assert.That(100 * parameters / network.ParameterCount, Is.EqualTo(74.59).Within(0.5));
    }
}
