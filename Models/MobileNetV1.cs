using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// MobileNet of depthwise separable convolutions: a 3x3 filter for each channel alone (as many groups as channels), then 1x1 filters over
/// all channels. They take about an eighth of the multiply-adds of 3x3 filters over all channels.
/// </summary>
public sealed class MobileNetV1 : Architecture
{
    private const int FirstFilters = 32;

    /// <summary>The 1x1 filters of each block and the stride of its depthwise convolution, from table 1 of the paper.</summary>
    private static readonly (int Filters, int Stride)[] Blocks =
    [
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
    ];

    public override string Name => "mobilenet-v1";

    public override int Year => 2017;

    public override string Summary =>
        "1 convolution 3x3, 13 blocks of a depthwise 3x3 and a 1x1 convolution, batch norm, 1 fully connected";

    public override string Source =>
        "Howard et al., MobileNets: efficient convolutional neural networks for mobile vision applications, 2017";

    public override string Link => "https://arxiv.org/abs/1704.04861";

    public override string Reported => "ImageNet, 70.6 % top-1 in the paper";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override int Classes => 1000;

    // The paper states 4.2 million parameters and 569 million multiply-adds.
    public override long ExpectedParameters => 4_231_976;

    public override decimal ExpectedMultiplyAdds => 0.569m;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 64,
            LearningRate = 0.05f,
            Optimizer = new Sgd(0.9f, 4e-5f, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 2),
        },
        Augmentation: "flip");

    // There is no paper recipe: the authors trained with RMSprop on many machines at once, and state no rate.

    protected override Layer CreateLayers(Design design)
    {
        Initializer start = design.Recipe.Start.Hidden;
        var layers = new Sequential
        {
            { "conv1", new Conv2d(FirstFilters, 3, stride: 2, padding: 1, bias: false) { WeightInitializer = start } },
            { "bn1", new BatchNorm2d() }, { "relu", new ReLU() },
        };
        int channels = FirstFilters;
        for (int i = 0; i < Blocks.Length; i++)
        {
            (int filters, int stride) = Blocks[i];
            layers.Add($"block{i + 1}", new Sequential
            {
                { "depthwise", new Conv2d(channels, 3, stride, padding: 1, groups: channels, bias: false) { WeightInitializer = start } },
                { "bn1", new BatchNorm2d() }, { "relu1", new ReLU() },
                { "pointwise", new Conv2d(filters, 1, bias: false) { WeightInitializer = start } },
                { "bn2", new BatchNorm2d() }, { "relu2", new ReLU() },
            });
            channels = filters;
        }
        layers.Add("avgpool", new GlobalAvgPool2d());
        layers.Add("flatten", new Flatten());
        layers.Add("fc", design.Scores());
        return layers;
    }
}
