using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>AlexNet in two forms: the network of 2012, and a simplified one used in teaching, without padding and groups.</summary>
internal abstract class AlexNetTable : FiveConvolutions
{
    public override int Year => 2012;

    public override string Source =>
        "Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012";

    public override string Link => "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks";

    public override Recipe PaperRecipe => OfPaper;

    internal static Recipe OfPaper { get; } = new(
        new() { Epochs = 90, Batch = 128, LearningRate = 0.01f, Optimizer = new Sgd(0.9f, 5e-4f), Schedule = Recipe.DividedByHand },
        Augmentation: "scale(256/224,square),flip,pca(0.1)")
    {
        EvaluationScale = Recipe.ImageNetScale,
        Start = StartingWeights.Normal(0.01f, raisedBias: 1),
        Dropout = 0.5f,
        NotApplied = ["at most 3 drops of the rate"],
    };
}

/// <summary>
/// The network of 2012. It has two tracks of filters, which meet in the third convolution and in the fully connected layers.
/// </summary>
internal sealed class AlexNet : AlexNetTable
{
    public override string Name => "alexnet";

    public override string Summary =>
        "5 convolutions (96 11x11, 256 5x5, 384, 384, 256 3x3; 2, 4 and 5 in 2 groups), local response norm, 3 fully connected";

    public override string Reported =>
        "ImageNet, 40.7 % top-1 and 18.2 % top-5 error in the paper (validation, one network, 10 crops); 7 averaged: 15.4 % top-5";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override long ExpectedParameters => 60_965_224;

    public override decimal ExpectedMultiplyAdds => 0.724m;

    protected override IReadOnlyList<ConvolutionRow> Rows { get; } =
    [
        new(96, 11, Stride: 4, Padding: 2, Norm: true, Pool: true),
        new(256, 5, Padding: 2, Groups: 2, Norm: true, Pool: true, Raised: true),
        new(384, 3, Padding: 1),
        new(384, 3, Padding: 1, Groups: 2, Raised: true),
        new(256, 3, Padding: 1, Groups: 2, Pool: true, Raised: true),
    ];
}

/// <summary>AlexNet as lectures on convolutional networks simplify it: neither padding nor groups nor norms.</summary>
internal sealed class AlexNetLecture : AlexNetTable
{
    public override string Name => "alexnet-lecture";

    public override string Summary => "5 convolutions without padding and groups (96 11x11, 256 5x5, 384, 384, 256 3x3), 3 fully connected";

    public override string Reported => "None of this form; alexnet is the network it simplifies";

    public override Shape Input => Shape.Volume(3, 227, 227);

    // 28,813,344 weights and 10,568 biases.
    public override long ExpectedParameters => 28_823_912;

    public override decimal ExpectedMultiplyAdds => 0.614m;

    protected override IReadOnlyList<ConvolutionRow> Rows { get; } =
    [
        new(96, 11, Stride: 4, Pool: true),
        new(256, 5, Pool: true, Raised: true),
        new(384, 3),
        new(384, 3, Raised: true),
        new(256, 3, Pool: true, Raised: true),
    ];
}

/// <summary>torchvision's form: no groups, fewer filters, no norm, and any input from 63x63 on.</summary>
internal sealed class AlexNetTorchvision : Architecture
{
    private const int Pooled = 6;
    private static readonly int[] Units = [4096, 4096];

    private static readonly ConvolutionRow[] Rows =
    [
        new(64, 11, Stride: 4, Padding: 2, Pool: true),
        new(192, 5, Padding: 2, Pool: true, Raised: true),
        new(384, 3, Padding: 1),
        new(256, 3, Padding: 1, Raised: true),
        new(256, 3, Padding: 1, Pool: true, Raised: true),
    ];

    public override string Name => "alexnet-torchvision";

    public override int Year => 2014;

    public override string Summary => "5 convolutions (64 11x11, 192 5x5, 384, 256, 256 3x3), 3 fully connected; torchvision's alexnet";

    public override string Source => "Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014";

    public override string Link => "https://arxiv.org/abs/1404.5997";

    public override string Reported => "ImageNet, 56.5 % top-1 (torchvision, one crop)";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override int Classes => 1000;

    public override long ExpectedParameters => 61_100_840;

    public override decimal ExpectedMultiplyAdds => 0.71m;

    public override Recipe Recipe => Find("alexnet").Recipe;

    public override Recipe PaperRecipe => AlexNetTable.OfPaper;

    protected override Layer CreateLayers(Design design)
    {
        var features = new Sequential();
        foreach (ConvolutionRow row in Rows)
        {
            features.Add(new Conv2d(row.Filters, row.Size, row.Stride, row.Padding)
            {
                WeightInitializer = design.Recipe.Start.Hidden,
                BiasInitializer = Initializer.Constant(row.Raised ? design.Recipe.Start.RaisedBias : 0),
            });
            features.Add(new ReLU());
            if (row.Pool) features.Add(new MaxPool2d(3, 2));
        }
        var classifier = new Sequential();
        foreach (int units in Units)
        {
            classifier.Add(new Dropout(design.Recipe.Dropout));
            classifier.Add(design.Hidden(units));
            classifier.Add(new ReLU());
        }
        classifier.Add(design.Scores());
        return new Sequential
        {
            { "features", features }, { "avgpool", new AdaptiveAvgPool2d(Pooled, Pooled) }, { "flatten", new Flatten() },
            { "classifier", classifier },
        };
    }
}
