using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// SqueezeNet 1.1: AlexNet's accuracy with a fiftieth of its parameters. Fire modules squeeze the channels with 1x1 filters before 3x3
/// filters read them. The authors' version 1.1 pools earlier and starts with 3x3 filters, for 2.4 times less computation at the same
/// accuracy.
/// </summary>
public sealed class SqueezeNet : Architecture
{
    private const int FirstFilters = 64;

    /// <summary>Filters of each fire module: 1x1 to squeeze, and 1x1 and 3x3 to expand. A module of 0 filters is a max pool.</summary>
    private static readonly (int Squeeze, int Expand)[] Modules =
        [(16, 64), (16, 64), (0, 0), (32, 128), (32, 128), (0, 0), (48, 192), (48, 192), (64, 256), (64, 256)];

    public override string Name => "squeezenet1_1";

    public override int Year => 2016;

    public override string Summary =>
        "1 convolution 3x3, 8 fire modules (1x1 before 1x1 and 3x3), max pool, 1 convolution 1x1, global average";

    public override string Source =>
        "Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and < 0.5 MB model size, 2016; "
        + "version 1.1 is the authors' of the same year";

    public override string Link => "https://arxiv.org/abs/1602.07360";

    public override string Reported => "ImageNet, 58.2 % top-1 (torchvision, one crop)";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override int Classes => 1000;

    public override long ExpectedParameters => 1_235_496;

    public override decimal ExpectedMultiplyAdds => 0.349m;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 64,
            LearningRate = 0.01f,
            Optimizer = new Sgd(0.9f, 2e-4f, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 2),
        },
        Augmentation: "flip");

    /// <summary>Applies the authors' solver for Caffe: 170,000 steps of 512 from 1,281,167 images are 68 epochs.</summary>
    public override Recipe PaperRecipe => new(
        new() { Epochs = 68, Batch = 512, LearningRate = 0.04f, Optimizer = new Sgd(0.9f, 2e-4f), Schedule = new Poly() },
        Augmentation: "scale(256/224,square),flip")
    {
        EvaluationScale = Recipe.ImageNetScale,
        Start = new("Glorot and Bengio; scores normal, deviation 0.01", Initializer.Xavier, Initializer.Normal(0.01f)),
        Dropout = 0.5f,
    };

    protected override Layer CreateLayers(Design design)
    {
        Initializer start = design.Recipe.Start.Hidden;
        var features = new Sequential { new Conv2d(FirstFilters, 3, stride: 2) { WeightInitializer = start }, new ReLU(), Pool() };
        foreach ((int squeeze, int expand) in Modules)
            features.Add(squeeze == 0 ? Pool() : new FireModule(squeeze, expand, start));
        var classifier = new Sequential
        {
            new Dropout(design.Recipe.Dropout),
            new Conv2d(design.Classes, 1) { WeightInitializer = design.Recipe.Start.Scores }, new ReLU(),
            new GlobalAvgPool2d(),
        };
        return new Sequential { { "features", features }, { "classifier", classifier }, { "flatten", new Flatten() } };
    }

    private static MaxPool2d Pool() => new(3, 2, ceilMode: true);
}

/// <summary>Fire module: 1x1 filters, then 1x1 and 3x3 filters side by side, each with ReLU.</summary>
/// <param name="squeeze">Filters of the first layer.</param>
/// <param name="expand">Filters of each of the two following layers.</param>
/// <param name="start">Initializer of the weights.</param>
internal sealed class FireModule(int squeeze, int expand, Initializer start) : Layer
{
    public override Value Build(Graph graph, Value input, string path)
    {
        Value squeezed = Convolution(squeeze, 1, "squeeze", input);
        Value[] expanded = [Convolution(expand, 1, "expand1x1", squeezed), Convolution(expand, 3, "expand3x3", squeezed)];
        return graph.Add(new Concat(), expanded, $"{path}.concat");

        Value Convolution(int filters, int size, string name, Value from)
        {
            Value result = new Conv2d(filters, size, padding: size / 2) { WeightInitializer = start }.Build(graph, from, $"{path}.{name}");
            return new ReLU().Build(graph, result, $"{path}.{name}_activation");
        }
    }
}
