using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// Residual networks for images of 224x224. An identity connection skips every two layers, or every three of a bottleneck block.
/// </summary>
internal sealed class ResNetFamily : ArchitectureFamily
{
    private static readonly int[] Eight = [2, 2, 2, 2], Sixteen = [3, 4, 6, 3], ThirtyThree = [3, 4, 23, 3], Fifty = [3, 8, 36, 3];

    public override IEnumerable<Architecture> Members =>
    [
        new ResNet(Eight, false, false, 11_689_512, 1.81m, Torchvision("69.8 %")),
        new ResNet(Sixteen, false, false, 21_797_672, 3.66m, Torchvision("73.3 %")),
        new ResNet(Sixteen, true, false, 25_557_032, 4.09m, Torchvision("76.1 %")),
        new ResNet(ThirtyThree, true, false, 44_549_160, 7.80m, Torchvision("77.4 %")),
        new ResNet(Fifty, true, false, 60_192_808, 11.51m, Torchvision("78.3 %")),
        new ResNet(Sixteen, true, true, 25_557_032, 3.86m, Paper("22.85 % top-1 and 6.71 %")),
        new ResNet(ThirtyThree, true, true, 44_549_160, 7.57m, Paper("21.75 % top-1 and 6.05 %")),
        new ResNet(Fifty, true, true, 60_192_808, 11.28m, Paper("21.43 % top-1 and 5.71 %")),
    ];

    private static string Torchvision(string top1) => $"ImageNet, {top1} top-1 (torchvision, one crop)";

    private static string Paper(string errors) => $"ImageNet, {errors} top-5 error in the paper (validation, 10 crops)";
}

/// <summary>One residual network.</summary>
/// <param name="stages">Number of blocks in each stage.</param>
/// <param name="bottlenecks">Whether a block is 1x1, 3x3, 1x1 with four times the filters in the last, instead of 3x3 twice.</param>
/// <param name="firstStrides">
/// Whether the first layer of a bottleneck takes the stride, as in the paper, instead of the 3x3 layer, as in torchvision ("v1.5").
/// </param>
/// <param name="parameters">Expected number of parameters.</param>
/// <param name="multiplyAdds">Expected multiply-adds in billions.</param>
/// <param name="reported">Reported accuracy.</param>
internal sealed class ResNet(
    int[] stages, bool bottlenecks, bool firstStrides, long parameters, decimal multiplyAdds, string reported) : Architecture
{
    private const int FirstFilters = 64, FirstSize = 7, Expansion = 4;

    public override string Name => $"resnet{stages.Sum() * (bottlenecks ? 3 : 2) + 2}{(firstStrides ? "-v1" : "")}";

    public override int Year => 2015;

    public override string Summary =>
        $"{stages.Sum()} residual blocks ({string.Join(", ", stages)}) of {(bottlenecks ? "1x1, 3x3, 1x1" : "3x3, 3x3")}, "
        + "batch norm, 1 fully connected"
        + (bottlenecks ? $"; stride on the {(firstStrides ? "first 1x1" : "3x3")}" : "");

    public override string Source => "He, Zhang, Ren and Sun, Deep residual learning for image recognition, 2015";

    public override string Link => "https://arxiv.org/abs/1512.03385";

    public override string Reported => reported;

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override int Classes => 1000;

    public override long ExpectedParameters => parameters;

    public override decimal ExpectedMultiplyAdds => multiplyAdds;

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

    public override Recipe PaperRecipe => new(
        new() { Epochs = 120, Batch = 256, LearningRate = 0.1f, Optimizer = new Sgd(0.9f, 1e-4f), Schedule = Recipe.DividedByHand },
        Augmentation: "scale(256-480/224),flip,pca(0.1)")
    { EvaluationScale = Recipe.ImageNetScale };

    protected override Layer CreateLayers(Design design)
    {
        Initializer start = design.Recipe.Start.Hidden;
        var layers = new Sequential
        {
            { "conv1", new Conv2d(FirstFilters, FirstSize, stride: 2, padding: FirstSize / 2, bias: false) { WeightInitializer = start } },
            { "bn1", new BatchNorm2d() }, { "relu", new ReLU() }, { "maxpool", new MaxPool2d(3, 2, padding: 1) },
        };
        int channels = FirstFilters;
        for (int stage = 0; stage < stages.Length; stage++)
        {
            int filters = FirstFilters << stage, outputs = bottlenecks ? Expansion * filters : filters;
            var blocks = new Sequential();
            for (int i = 0; i < stages[stage]; i++)
            {
                int stride = i == 0 && stage > 0 ? 2 : 1;
                Layer? shortcut = stride == 1 && channels == outputs
                    ? null
                    : new Sequential { new Conv2d(outputs, 1, stride, bias: false) { WeightInitializer = start }, new BatchNorm2d() };
                Sequential body = bottlenecks
                    ? ResidualBody.Of(
                        start, (filters, 1, firstStrides ? stride : 1), (filters, 3, firstStrides ? 1 : stride), (outputs, 1, 1))
                    : ResidualBody.Of(start, (filters, 3, stride), (outputs, 3, 1));
                blocks.Add($"{i}", new Residual(body, shortcut));
                blocks.Add($"{i}.relu", new ReLU());
                channels = outputs;
            }
            layers.Add($"layer{stage + 1}", blocks);
        }
        layers.Add("avgpool", new GlobalAvgPool2d());
        layers.Add("flatten", new Flatten());
        layers.Add("fc", design.Scores());
        return layers;
    }
}

/// <summary>Creates the layers that an identity connection skips: convolutions, each with its norm, and ReLU between them.</summary>
internal static class ResidualBody
{
    public static Sequential Of(Initializer start, params ReadOnlySpan<(int Filters, int Size, int Stride)> rows)
    {
        var body = new Sequential();
        for (int i = 0; i < rows.Length; i++)
        {
            (int filters, int size, int stride) = rows[i];
            if (i > 0) body.Add($"relu{i}", new ReLU());
            body.Add($"conv{i + 1}", new Conv2d(filters, size, stride, size / 2, bias: false) { WeightInitializer = start });
            body.Add($"bn{i + 1}", new BatchNorm2d());
        }
        return body;
    }
}
