using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>VGG networks: 3x3 convolutions throughout, in five stages that each end with a 2x2 max pool.</summary>
internal sealed class VggFamily : ArchitectureFamily
{
    private static readonly int[] Eleven = [1, 1, 2, 2, 2], Thirteen = [2, 2, 2, 2, 2];
    private static readonly int[] Sixteen = [2, 2, 3, 3, 3], Nineteen = [2, 2, 4, 4, 4];

    public override IEnumerable<Architecture> Members =>
    [
        new Vgg(Eleven, false, 132_863_336, 7.61m, "69.0 %"), new Vgg(Thirteen, false, 133_047_848, 11.31m, "69.9 %"),
        new Vgg(Sixteen, false, 138_357_544, 15.47m, "71.6 %"), new Vgg(Nineteen, false, 143_667_240, 19.63m, "72.4 %"),
        new Vgg(Eleven, true, 132_868_840, 7.61m, "70.4 %"), new Vgg(Thirteen, true, 133_053_736, 11.31m, "71.6 %"),
        new Vgg(Sixteen, true, 138_365_992, 15.47m, "73.4 %"), new Vgg(Nineteen, true, 143_678_248, 19.63m, "74.2 %"),
    ];
}

/// <summary>One VGG network.</summary>
/// <param name="stages">Number of convolutions in each stage.</param>
/// <param name="norms">Whether batch normalization follows each convolution, which torchvision added.</param>
/// <param name="parameters">Expected number of parameters.</param>
/// <param name="multiplyAdds">Expected multiply-adds in billions.</param>
/// <param name="top1">Accuracy on ImageNet.</param>
internal sealed class Vgg(int[] stages, bool norms, long parameters, decimal multiplyAdds, string top1) : Architecture
{
    private const int FilterSize = 3, Pooling = 2, Pooled = 7;
    private static readonly int[] Filters = [64, 128, 256, 512, 512], Units = [4096, 4096];

    public override string Name => $"vgg{stages.Sum() + Units.Length + 1}{(norms ? "_bn" : "")}";

    public override int Year => 2014;

    public override string Summary =>
        $"{stages.Sum()} convolutions 3x3 ({string.Join(", ", stages.Zip(Filters, (count, filters) => $"{count} x {filters}"))})"
        + $"{(norms ? ", batch norm" : "")}, max pool, 3 fully connected";

    public override string Source => "Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, 2014";

    public override string Link => "https://arxiv.org/abs/1409.1556";

    public override string Reported => $"ImageNet, {top1} top-1 (torchvision, one crop)";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override int Classes => 1000;

    public override long ExpectedParameters => parameters;

    public override decimal ExpectedMultiplyAdds => multiplyAdds;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 64,
            LearningRate = norms ? 0.05f : 0.01f,
            Optimizer = new Sgd(0.9f, 5e-4f, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 2),
        },
        Augmentation: "flip");

    public override Recipe PaperRecipe => new(
        new() { Epochs = 74, Batch = 256, LearningRate = 0.01f, Optimizer = new Sgd(0.9f, 5e-4f), Schedule = Recipe.DividedByHand },
        Augmentation: "scale(256-512/224),flip,pca(0.1)")
    {
        EvaluationScale = Recipe.ImageNetScale,
        // The paper notes that this start would have avoided starting from a trained network.
        Start = StartingWeights.Xavier,
        Dropout = 0.5f,
        NotApplied = ["start from a trained vgg11", "at most 3 drops of the rate"],
    };

    protected override Layer CreateLayers(Design design)
    {
        var features = new Sequential();
        for (int stage = 0; stage < stages.Length; stage++)
        {
            for (int i = 0; i < stages[stage]; i++)
            {
                features.Add(new Conv2d(Filters[stage], FilterSize, padding: FilterSize / 2)
                {
                    WeightInitializer = design.Recipe.Start.Hidden,
                });
                if (norms) features.Add(new BatchNorm2d());
                features.Add(new ReLU());
            }
            features.Add(new MaxPool2d(Pooling, Pooling));
        }
        var classifier = new Sequential();
        foreach (int units in Units)
        {
            classifier.Add(design.Hidden(units));
            classifier.Add(new ReLU());
            classifier.Add(new Dropout(design.Recipe.Dropout));
        }
        classifier.Add(design.Scores());
        return new Sequential
        {
            { "features", features }, { "avgpool", new AdaptiveAvgPool2d(Pooled, Pooled) }, { "flatten", new Flatten() },
            { "classifier", classifier },
        };
    }
}
