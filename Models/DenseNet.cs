using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// DenseNet of dense blocks: each layer reads the concatenated outputs of all earlier layers of its block, and adds a few channels. A
/// transition between blocks halves channels, rows and columns. 121 counts the layers with weights.
/// </summary>
public sealed class DenseNet : Architecture
{
    private const int FirstFilters = 64, Growth = 32, Bottleneck = 4 * Growth;

    /// <summary>Number of layers in each block.</summary>
    private static readonly int[] Blocks = [6, 12, 24, 16];

    public override string Name => "densenet121";

    public override int Year => 2017;

    public override string Summary => "4 dense blocks (6, 12, 24, 16) of 1x1, 3x3, growth 32, batch norm first, 1 fully connected";

    public override string Source => "Huang, Liu, van der Maaten and Weinberger, Densely connected convolutional networks, 2017";

    public override string Link => "https://arxiv.org/abs/1608.06993";

    public override string Reported => "ImageNet, 74.4 % top-1 (torchvision, one crop)";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override int Classes => 1000;

    public override long ExpectedParameters => 7_978_856;

    public override decimal ExpectedMultiplyAdds => 2.83m;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 64,
            LearningRate = 0.05f,
            Optimizer = new Sgd(0.9f, 1e-4f, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 2),
        },
        Augmentation: "flip");

    /// <summary>Includes the photometric distortions of fb.resnet.torch, to which the paper refers.</summary>
    public override Recipe PaperRecipe => new(
        new()
        {
            Epochs = 90,
            Batch = 256,
            LearningRate = 0.1f,
            Optimizer = new Sgd(0.9f, 1e-4f, nesterov: true),
            Schedule = new MultiStep([30, 60]),
        },
        Augmentation: "crop(0.08-1),flip,jitter(0.4),pca(0.1)")
    { EvaluationScale = Recipe.ImageNetScale };

    protected override Layer CreateLayers(Design design)
    {
        Initializer start = design.Recipe.Start.Hidden;
        var features = new Sequential
        {
            { "conv0", new Conv2d(FirstFilters, 7, stride: 2, padding: 3, bias: false) { WeightInitializer = start } },
            { "norm0", new BatchNorm2d() }, { "relu0", new ReLU() }, { "pool0", new MaxPool2d(3, 2, padding: 1) },
        };
        int channels = FirstFilters;
        for (int i = 1; i <= Blocks.Length; i++)
        {
            var block = new Sequential();
            for (int layer = 1; layer <= Blocks[i - 1]; layer++)
            {
                block.Add($"denselayer{layer}", new DenseLayer(new Sequential
                {
                    { "norm1", new BatchNorm2d() }, { "relu1", new ReLU() },
                    { "conv1", new Conv2d(Bottleneck, 1, bias: false) { WeightInitializer = start } },
                    { "norm2", new BatchNorm2d() }, { "relu2", new ReLU() },
                    { "conv2", new Conv2d(Growth, 3, padding: 1, bias: false) { WeightInitializer = start } },
                }));
                channels += Growth;
            }
            features.Add($"denseblock{i}", block);
            if (i == Blocks.Length) break;
            channels /= 2;
            features.Add($"transition{i}", new Sequential
            {
                { "norm", new BatchNorm2d() }, { "relu", new ReLU() },
                { "conv", new Conv2d(channels, 1, bias: false) { WeightInitializer = start } },
                { "pool", new AvgPool2d(2, 2) },
            });
        }
        features.Add("norm5", new BatchNorm2d());
        return new Sequential
        {
            { "features", features }, { "relu", new ReLU() }, { "avgpool", new GlobalAvgPool2d() }, { "flatten", new Flatten() },
            { "classifier", design.Scores() },
        };
    }
}

/// <summary>Appends the output of layers to the channels of their input.</summary>
internal sealed class DenseLayer(Layer body) : Layer
{
    public override Value Build(Graph graph, Value input, string path) =>
        graph.Add(new Concat(), [input, body.Build(graph, input, path)], $"{path}.concat");
}
