using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>Filters of an inception module's branches: 1x1; 1x1 before 3x3, 3x3; 1x1 before 5x5, 5x5; 1x1 after the max pool.</summary>
internal sealed record InceptionRow(string Name, int One, int ThreeReduce, int Three, int FiveReduce, int Five, int Pool);

/// <summary>
/// GoogLeNet: a short stem, nine inception modules, and a global average in place of hidden fully connected layers. Two heads help to train
/// the lower modules.
/// </summary>
internal abstract class GoogLeNetTable : Architecture
{
    private const int HeadFilters = 128, HeadUnits = 1024;

    private static readonly InceptionRow[] Rows =
    [
        new("3a", 64, 96, 128, 16, 32, 32), new("3b", 128, 128, 192, 32, 96, 64),
        new("4a", 192, 96, 208, 16, 48, 64), new("4b", 160, 112, 224, 24, 64, 64), new("4c", 128, 128, 256, 24, 64, 64),
        new("4d", 112, 144, 288, 32, 64, 64), new("4e", 256, 160, 320, 32, 128, 128),
        new("5a", 256, 160, 320, 32, 128, 128), new("5b", 384, 192, 384, 48, 128, 128),
    ];

    public sealed override int Year => 2014;

    public override string Source => "Szegedy et al., Going deeper with convolutions, 2014";

    public override string Link => "https://arxiv.org/abs/1409.4842";

    public sealed override Shape Input => Shape.Volume(3, 224, 224);

    public sealed override int Classes => 1000;

    public sealed override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 64,
            LearningRate = FirstRate,
            Optimizer = new Sgd(0.9f, 1e-4f, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 2),
        },
        Augmentation: "flip")
    { Dropout = 0.2f };

    public sealed override Recipe PaperRecipe => new(
        // The paper states the schedule, momentum and dropout. Batch, rate, decay and epochs are those of Caffe's bvlc_googlenet.
        new()
        {
            Epochs = 250,
            Batch = 32,
            LearningRate = 0.01f,
            Optimizer = new Sgd(0.9f, 2e-4f),
            Schedule = new Step(8, 0.96f),
        },
        // Howard's photometric distortions, which the paper cites: factors of 0.5 to 1.5, and AlexNet's colour noise.
        Augmentation: "crop(0.08-1),flip,jitter(0.5),pca(0.1)")
    {
        EvaluationScale = Recipe.ImageNetScale,
        Start = StartingWeights.Xavier,
        Dropout = 0.4f,
        HeadWeight = 0.3f,
        NotApplied = ["Polyak average of the weights"],
    };

    /// <summary>Learning rate of the default recipe.</summary>
    protected abstract float FirstRate { get; }

    /// <summary>Filter size of the third branch: 5 in the paper.</summary>
    protected abstract int LargeFilter { get; }

    /// <summary>Creates a convolution of the network. torchvision normalizes each.</summary>
    /// <summary>Adds a norm to the stem, in the form whose convolutions have none.</summary>
    protected abstract Layer Convolution(Design design, int filters, int size, int stride = 1);

    protected abstract void AddNorm(Sequential layers, string name);

    /// <summary>Creates the pooling of a training head: 4x4 pixels for an image of 224x224.</summary>
    protected abstract Layer HeadPool();

    /// <summary>Creates the last pooling between modules, from 4e to 5a.</summary>
    protected abstract MaxPool2d LastPool();

    protected static MaxPool2d Pool() => new(3, 2, ceilMode: true);

    protected sealed override Layer CreateLayers(Design design)
    {
        var layers = new Sequential { { "conv1", Convolution(design, 64, 7, stride: 2) }, { "maxpool1", Pool() } };
        AddNorm(layers, "norm1");
        layers.Add("conv2", Convolution(design, 64, 1));
        layers.Add("conv3", Convolution(design, 192, 3));
        AddNorm(layers, "norm2");
        layers.Add("maxpool2", Pool());
        foreach (InceptionRow row in Rows)
        {
            layers.Add($"inception{row.Name}", Inception(design, row));
            if (row.Name == "3b") layers.Add("maxpool3", Pool());
            if (row.Name == "4a") layers.Add("aux1", Head(design));
            if (row.Name == "4d") layers.Add("aux2", Head(design));
            if (row.Name == "4e") layers.Add("maxpool4", LastPool());
        }
        layers.Add("avgpool", new GlobalAvgPool2d());
        layers.Add("flatten", new Flatten());
        layers.Add("dropout", new Dropout(design.Recipe.Dropout));
        layers.Add("fc", design.Scores());
        return layers;
    }

    private Branches Inception(Design design, InceptionRow row) => new()
    {
        { "branch1", Convolution(design, row.One, 1) },
        { "branch2", new Sequential { Convolution(design, row.ThreeReduce, 1), Convolution(design, row.Three, 3) } },
        { "branch3", new Sequential { Convolution(design, row.FiveReduce, 1), Convolution(design, row.Five, LargeFilter) } },
        { "branch4", new Sequential { new MaxPool2d(3, 1, padding: 1), Convolution(design, row.Pool, 1) } },
    };

    private TrainingHead Head(Design design) => new(
        new Sequential
        {
            { "avgpool", HeadPool() }, { "conv", Convolution(design, HeadFilters, 1) }, { "flatten", new Flatten() },
            { "fc1", design.Hidden(HeadUnits) }, { "relu", new ReLU() },
            { "dropout", new Dropout(design.Recipe.HeadDropout) }, { "fc2", design.Scores() },
        },
        design.Recipe.HeadWeight);
}

/// <summary>The network of the paper. The paper does not state the constants of its norm; they are AlexNet's.</summary>
internal sealed class GoogLeNet : GoogLeNetTable
{
    public override string Name => "googlenet";

    public override string Summary =>
        "3 convolutions, 9 inception modules (1x1, 3x3, 5x5, max pool), local response norm, 1 fully connected, 2 training heads";

    public override string Reported => "ImageNet, 10.07 % top-5 error in the paper (validation, one network, one crop)";

    public override long ExpectedParameters => 6_998_552;

    public override long ExpectedParametersWithHeads => 13_378_280;

    public override decimal ExpectedMultiplyAdds => 1.58m;

    protected override float FirstRate => 0.01f;

    protected override int LargeFilter => 5;

    protected override Layer Convolution(Design design, int filters, int size, int stride) => new Sequential
    {
        { "conv", new Conv2d(filters, size, stride, size / 2) { WeightInitializer = design.Recipe.Start.Hidden } }, { "relu", new ReLU() },
    };

    protected override void AddNorm(Sequential layers, string name) =>
        layers.Add(name, new LocalResponseNorm(size: 5, alpha: 1e-4f, beta: 0.75f, k: 2));

    protected override Layer HeadPool() => new AvgPool2d(5, 3);

    protected override MaxPool2d LastPool() => Pool();
}

/// <summary>torchvision's form: batch normalization, and 3x3 filters where the paper has 5x5.</summary>
internal sealed class GoogLeNetTorchvision : GoogLeNetTable
{
    public override string Name => "googlenet-torchvision";

    public override string Summary =>
        "3 convolutions, 9 inception modules (1x1, 3x3, 3x3, max pool), batch norm, 1 fully connected, 2 training heads; "
        + "torchvision's googlenet";

    public override string Reported => "ImageNet, 69.8 % top-1 (torchvision, one crop)";

    public override long ExpectedParameters => 6_624_904;

    public override long ExpectedParametersWithHeads => 13_004_888;

    public override decimal ExpectedMultiplyAdds => 1.50m;

    protected override float FirstRate => 0.05f;

    protected override int LargeFilter => 3;

    protected override Layer Convolution(Design design, int filters, int size, int stride) => new Sequential
    {
        { "conv", new Conv2d(filters, size, stride, size / 2, bias: false) { WeightInitializer = design.Recipe.Start.Hidden } },
        { "bn", new BatchNorm2d(epsilon: 1e-3f) }, { "relu", new ReLU() },
    };

    protected override void AddNorm(Sequential layers, string name) { }

    protected override Layer HeadPool() => new AdaptiveAvgPool2d(4, 4);

    protected override MaxPool2d LastPool() => new(2, 2, ceilMode: true);
}
