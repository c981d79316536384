using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>Residual networks for images of 32x32: three stages of n blocks, 6n + 2 layers, and shortcuts without parameters.</summary>
internal sealed class CifarResNetFamily : ArchitectureFamily
{
    public override IEnumerable<Architecture> Members =>
    [
        new CifarResNet(3, 269_722, 0.041m, "8.75 %"), new CifarResNet(5, 464_154, 0.069m, "7.51 %"),
        new CifarResNet(7, 658_586, 0.097m, "7.17 %"),
        new CifarResNet(9, 853_018, 0.125m, "6.97 %"), new CifarResNet(18, 1_727_962, 0.253m, "6.43 %"),
    ];
}

/// <summary>One CIFAR ResNet.</summary>
/// <param name="blocks">Blocks in each stage.</param>
/// <param name="parameters">Expected number of parameters.</param>
/// <param name="multiplyAdds">Expected multiply-adds in billions.</param>
/// <param name="error">Error on CIFAR-10's test images in the paper.</param>
internal sealed class CifarResNet(int blocks, long parameters, decimal multiplyAdds, string error) : Architecture
{
    // Number of blocks per stage from which the paper starts at a lower rate.
    private const int Deep = 18;
    private static readonly int[] Filters = [16, 32, 64];

    public override string Name => $"resnet{2 * Filters.Length * blocks + 2}";

    public override int Year => 2015;

    public override string Summary =>
        $"1 convolution, {Filters.Length * blocks} residual blocks of 3x3, 3x3 "
        + $"({string.Join(", ", Filters.Select(filters => $"{blocks} x {filters}"))}), batch norm, 1 fully connected";

    public override string Source => "He, Zhang, Ren and Sun, Deep residual learning for image recognition, 2015, section 4.2";

    public override string Link => "https://arxiv.org/abs/1512.03385";

    public override string Reported => $"CIFAR-10, {error} error in the paper";

    public override Shape Input => Shape.Volume(3, 32, 32);

    public override int Classes => 10;

    public override long ExpectedParameters => parameters;

    public override decimal ExpectedMultiplyAdds => multiplyAdds;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 128,
            LearningRate = 0.1f,
            Optimizer = new Sgd(0.9f, 5e-4f, nesterov: true, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 1),
        },
        Augmentation: "crop4,flip");

    /// <summary>Trains for 164 epochs, 64,000 steps of 128 from 50,000 images. The rate drops after 32,000 and 48,000 steps.</summary>
    public override Recipe PaperRecipe => new(
        new()
        {
            Epochs = 164,
            Batch = 128,
            LearningRate = 0.1f,
            Optimizer = new Sgd(0.9f, 1e-4f),
            Schedule = new MultiStep([82, 123], warmup: blocks >= Deep ? 1 : 0),
        },
        Augmentation: "crop4,flip")
    { NotApplied = blocks >= Deep ? ["a rate of 0.01 for the first 400 steps (a linear warm-up instead)"] : [] };

    protected override Layer CreateLayers(Design design)
    {
        Initializer start = design.Recipe.Start.Hidden;
        var layers = new Sequential
        {
            { "conv1", new Conv2d(Filters[0], 3, padding: 1, bias: false) { WeightInitializer = start } },
            { "bn1", new BatchNorm2d() }, { "relu", new ReLU() },
        };
        for (int stage = 0; stage < Filters.Length; stage++)
        {
            var stages = new Sequential();
            for (int i = 0; i < blocks; i++)
            {
                int stride = i == 0 && stage > 0 ? 2 : 1;
                Layer? shortcut = stride == 1 ? null : new ShortcutA(Filters[stage], stride);
                stages.Add($"{i}", new Residual(ResidualBody.Of(start, (Filters[stage], 3, stride), (Filters[stage], 3, 1)), shortcut));
                stages.Add($"{i}.relu", new ReLU());
            }
            layers.Add($"layer{stage + 1}", stages);
        }
        layers.Add("avgpool", new GlobalAvgPool2d());
        layers.Add("flatten", new Flatten());
        layers.Add("fc", design.Scores());
        return layers;
    }
}
