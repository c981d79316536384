using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// AlexNet with a smaller filter and stride in the first convolution, which its authors found by visualizing AlexNet's filters.
/// </summary>
internal abstract class ZFNetTable : FiveConvolutions
{
    public override int Year => 2013;

    public override string Source => "Zeiler and Fergus, Visualizing and understanding convolutional networks, 2013";

    public override string Link => "https://arxiv.org/abs/1311.2901";

    public override Recipe PaperRecipe => new(
        new()
        {
            Epochs = 70,
            Batch = 128,
            LearningRate = 0.01f,
            Optimizer = new Sgd(0.9f, maxFilterRms: 0.1f),
            Schedule = Recipe.DividedByHand,
        },
        Augmentation: "ten-crops(256/224,square)")
    {
        EvaluationScale = Recipe.ImageNetScale,
        Start = StartingWeights.Normal(0.01f),
        Dropout = 0.5f,
    };
}

/// <summary>
/// The network of the paper. Its contrast normalization is AlexNet's, and its poolings keep partial windows: 110, 55, 26, 13, 6.
/// </summary>
internal sealed class ZFNet : ZFNetTable
{
    public override string Name => "zfnet";

    public override string Summary => "5 convolutions (96 7x7, 256 5x5, 384, 384, 256 3x3), local response norm, 3 fully connected";

    public override string Reported => "ImageNet, 38.4 % top-1 and 16.5 % top-5 error in the paper (validation, one network)";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override long ExpectedParameters => 62_357_608;

    public override decimal ExpectedMultiplyAdds => 1.17m;

    protected override bool PoolsPartialWindows => true;

    protected override IReadOnlyList<ConvolutionRow> Rows { get; } =
    [
        new(96, 7, Stride: 2, Padding: 1, Norm: true, Pool: true),
        new(256, 5, Stride: 2, Norm: true, Pool: true),
        new(384, 3, Padding: 1),
        new(384, 3, Padding: 1),
        new(256, 3, Padding: 1, Pool: true),
    ];
}

/// <summary>The paper's larger form, with 512, 1024 and 512 filters in the last three convolutions.</summary>
internal sealed class ZFNetLarge : ZFNetTable
{
    public override string Name => "zfnet-large";

    public override string Summary => "5 convolutions (96 7x7, 256 5x5, 512, 1024, 512 3x3), local response norm, 3 fully connected";

    public override string Reported => "ImageNet, 37.5 % top-1 and 16.0 % top-5 error in the paper (validation, one network)";

    public override Shape Input => Shape.Volume(3, 224, 224);

    public override long ExpectedParameters => 107_627_624;

    public override decimal ExpectedMultiplyAdds => 2.48m;

    protected override bool PoolsPartialWindows => true;

    protected override IReadOnlyList<ConvolutionRow> Rows { get; } =
    [
        new(96, 7, Stride: 2, Padding: 1, Norm: true, Pool: true),
        new(256, 5, Stride: 2, Norm: true, Pool: true),
        new(512, 3, Padding: 1),
        new(1024, 3, Padding: 1),
        new(512, 3, Padding: 1, Pool: true),
    ];
}

/// <summary>
/// ZFNet as lectures on convolutional networks simplify it: <see cref="AlexNetLecture"/> with 7x7 filters of stride 2 in the first
/// convolution, and 512, 1024 and 512 filters in the last three.
/// </summary>
internal sealed class ZFNetLecture : ZFNetTable
{
    public override string Name => "zfnet-lecture";

    public override string Summary => "5 convolutions without padding and groups (96 7x7, 256 5x5, 512, 1024, 512 3x3), 3 fully connected";

    public override string Reported => "None of this form; zfnet-large is the network it simplifies";

    public override Shape Input => Shape.Volume(3, 227, 227);

    public override long ExpectedParameters => 201_999_464;

    public override decimal ExpectedMultiplyAdds => 6.37m;

    protected override IReadOnlyList<ConvolutionRow> Rows { get; } =
    [
        new(96, 7, Stride: 2, Pool: true),
        new(256, 5, Pool: true),
        new(512, 3),
        new(1024, 3),
        new(512, 3, Pool: true),
    ];
}
