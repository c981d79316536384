using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// One bottleneck block of ResNet-50's first stage between a 1x1 convolution, which makes the block compute its input's gradient, and the
/// classes. Small enough to look at each of its launches.
/// </summary>
internal sealed class BottleneckBlock : Architecture
{
    public const string BlockName = "bottleneck";

    private const int Inputs = 64, Channels = 256, Filters = 64;

    public override string Name => BlockName;

    public override int Year => 2015;

    public override string Summary => "one bottleneck block: 1x1, 3x3, 1x1, batch norm, identity";

    public override string Source => "He, Zhang, Ren and Sun, Deep residual learning for image recognition, 2015";

    public override string Link => "https://arxiv.org/abs/1512.03385";

    public override string Reported => "nothing: it is a part of a network";

    public override Shape Input => Shape.Volume(Inputs, 56, 56);

    public override int Classes => 10;

    public override long ExpectedParameters =>
        Inputs * Channels + Channels * Filters + 9 * Filters * Filters + Filters * Channels + 2 * (2 * Filters + Channels)
        + Classes * (Channels + 1);

    public override decimal ExpectedMultiplyAdds => 0.27m;

    public override Recipe Recipe => new(new() { Epochs = 1, Batch = 32, LearningRate = 0.05f });

    protected override Layer CreateLayers(Design design)
    {
        Initializer start = design.Recipe.Start.Hidden;
        return new Sequential
        {
            { "stem", new Conv2d(Channels, 1, bias: false) { WeightInitializer = start } },
            { "block", new Residual(ResidualBody.Of(start, (Filters, 1, 1), (Filters, 3, 1), (Channels, 1, 1))) },
            { "relu", new ReLU() },
            { "pool", new GlobalAvgPool2d() },
            { "flatten", new Flatten() },
            { "fc", design.Scores() },
        };
    }
}
