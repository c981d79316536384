using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Explanations;

public sealed class ReceptiveFieldTests
{
    // Sizes and jumps that follow from the papers' tables: AlexNet 195, VGG-16 212 before its fully connected layers.
    [TestCase("alexnet-lecture", "conv1", 11, 4)]
    [TestCase("vgg16", "features.2", 5, 1)]
    [TestCase("vgg16", "features.30", 212, 32)]
    [TestCase("vgg19", "features.36", 268, 32)]
    [TestCase("resnet18", "layer4.1.conv2", 435, 32)]
    [TestCase("resnet50", "layer4.2.conv3", 427, 32)]
    [TestCase("alexnet-torchvision", "features.12", 195, 32)]
    public void SizesAreThoseOfThePapers(string model, string layer, int size, int jump)
    {
        Network network = Architecture.Find(model).Build();
        ReceptiveField field = ReceptiveField.Of(network.Graph)[network.Graph.Nodes.Single(node => node.Path == layer).Output];
        Assert.That((field.Rows.Size, field.Rows.Jump), Is.EqualTo((size, jump)));
        Assert.That(field.Columns, Is.EqualTo(field.Rows));
    }

    /// <summary>Of a chain of random layers, the pixels that each output pixel reaches are followed back one by one.</summary>
    [Test]
    public void FieldsAreThePixelsThatReachAnOutput()
    {
        var random = new Random(4);
        for (int instance = 0; instance < 60; instance++)
        {
            var layers = new Sequential();
            (int Size, int Stride, int Padding)[] chain = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
            {
                int size = random.Next(1, 5);
                return (size, random.Next(1, 4), random.Next(0, size / 2 + 1));
            })];
            foreach ((int size, int stride, int padding) in chain)
                layers.Add(random.Next(2) == 0 ? new Conv2d(1, size, stride, padding) : new MaxPool2d(size, stride, padding));
            var network = new Network("n", layers, Shape.Volume(1, 400, 400));
            ReceptiveField field = ReceptiveField.Of(network.Graph)[network.Output];
            for (int output = 0; output < Math.Min(3, network.Output.Shape.Height); output++)
            {
                (long first, long last) = (output, output);
                foreach ((int size, int stride, int padding) in chain.Reverse())
                    (first, last) = (first * stride - padding, last * stride - padding + size - 1);
                double centre = field.Rows.Start + output * field.Rows.Jump;
                Assert.That(field.Rows.Size, Is.EqualTo(last - first + 1), string.Join(' ', chain));
                Assert.That(centre - field.Rows.Size / 2.0, Is.EqualTo((double)first).Within(1e-9), string.Join(' ', chain));
            }
        }
    }

    [Test]
    public void BranchesJoinInTheLargestField()
    {
        var layers = new Sequential
        {
            new Branches
            {
                { "a", new Conv2d(1, 1) }, { "b", new Conv2d(1, 5, padding: 2) }, { "c", new Conv2d(1, (3, 7), (1, 1), (1, 3)) },
            },
            new Residual(new Conv2d(3, 3, padding: 1)),
        };
        var network = new Network("n", layers, Shape.Volume(1, 20, 20));
        ReceptiveField field = ReceptiveField.Of(network.Graph)[network.Output];
        Assert.That((field.Rows.Size, field.Columns.Size), Is.EqualTo((7, 9)));
        Assert.That((field.Rows.Start, field.Columns.Start), Is.EqualTo((0.5, 0.5)));
    }

    /// <summary>Windows of every layer of every network give as many outputs as the layer has, rounded down or up.</summary>
    [Test]
    public void WindowsGiveTheOutputsSizes()
    {
        int windows = 0;
        foreach (Architecture architecture in Architecture.All)
        {
            foreach (Node node in architecture.Build().Graph.Nodes.Where(node => !node.Output.Shape.IsVector))
            {
                (var size, var stride, var padding) = node.Operator.WindowOf(node.InputShapes);
                Check(node.InputShapes[0].Height, size.Rows, stride.Rows, padding.Rows, node.Output.Shape.Height, node);
                Check(node.InputShapes[0].Width, size.Columns, stride.Columns, padding.Columns, node.Output.Shape.Width, node);
                windows++;
            }
        }
        Assert.That(windows, Is.GreaterThan(1000));

        static void Check(int input, int size, int stride, int padding, int output, Node node)
        {
            double outputs = (double)(input + 2 * padding - size) / stride + 1;
            Assert.That(output, Is.EqualTo((int)Math.Floor(outputs)).Or.EqualTo((int)Math.Ceiling(outputs)), node.Path);
        }
    }

    [TestCase(7, 7, 1, 1)]
    [TestCase(14, 7, 2, 2)]
    [TestCase(8, 7, 2, 1)]
    [TestCase(10, 3, 4, 3)]
    [TestCase(5, 1, 5, 5)]
    public void AdaptivePoolingReadsItsLargestBin(int pixels, int bins, int size, int stride)
    {
        var network = new Network("n", new AdaptiveAvgPool2d(bins, bins), Shape.Volume(2, pixels, pixels));
        Node node = network.Graph.Nodes.Single();
        Assert.That(node.Operator.WindowOf(node.InputShapes), Is.EqualTo(new InputWindow((size, size), (stride, stride), (0, 0))));
    }

    /// <summary>What reads a vector, or a global average, depends on the whole image.</summary>
    [Test]
    public void VectorsDependOnTheWholeImage([Values("lenet5", "mlp", "googlenet", "resnet20", "mobilenet-v1")] string model)
    {
        Network network = Architecture.Find(model).Build();
        ReceptiveField field = ReceptiveField.Of(network.Graph)[network.Output];
        Assert.That(field.Rows.Size, Is.GreaterThanOrEqualTo(network.Input.Height));
        Assert.That(field.Columns.Size, Is.GreaterThanOrEqualTo(network.Input.Width));
    }
}
