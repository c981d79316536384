using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>LeNet-5 with full connections between its convolutions. Its two forms differ in activation and pooling.</summary>
internal abstract class LeNet5Table : Architecture
{
    private const int FilterSize = 5, Pooling = 2;
    private static readonly int[] Filters = [6, 16], Units = [120, 84];

    public override int Year => 1998;

    public override string Source => "LeCun et al., Gradient-based learning applied to document recognition, 1998";

    /// <summary>Shape of digits of 28x28 padded by 2.</summary>
    public override Shape Input => Shape.Volume(1, 32, 32);

    public override int Classes => 10;

    public override string Link => "http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf";

    public override long ExpectedParameters => 61_706;

    public override decimal ExpectedMultiplyAdds => 0.00041652m;

    protected override Layer CreateLayers(Design design)
    {
        var layers = new Sequential();
        for (int i = 0; i < Filters.Length; i++)
        {
            layers.Add($"conv{i + 1}", new Conv2d(Filters[i], FilterSize) { WeightInitializer = design.Recipe.Start.Hidden });
            layers.Add($"act{i + 1}", CreateActivation());
            layers.Add($"pool{i + 1}", CreatePool(Pooling));
        }
        layers.Add("flatten", new Flatten());
        for (int i = 0; i < Units.Length; i++)
        {
            layers.Add($"fc{i + 1}", design.Hidden(Units[i]));
            layers.Add($"act{Filters.Length + i + 1}", CreateActivation());
        }
        layers.Add($"fc{Units.Length + 1}", design.Scores());
        return layers;
    }

    protected abstract Activation CreateActivation();

    protected abstract Pool2d CreatePool(int size);
}

/// <summary>LeNet-5 in today's form, with ReLU and max pooling.</summary>
internal sealed class LeNet5 : LeNet5Table
{
    public override string Name => "lenet5";

    public override string Summary => "2 convolutions 5x5 (6, 16), ReLU, max pool, 3 fully connected";

    public override string Reported => "MNIST, 0.95 % error in the paper (its tanh form, no distortions)";

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 20,
            Batch = 64,
            LearningRate = 0.015f,
            Optimizer = new Sgd(0.9f, 2e-3f) { Clip = Recipe.Clip },
            Schedule = new Cosine(),
        },
        Fit: ImageFit.Pad);

    protected override Activation CreateActivation() => new ReLU();

    protected override Pool2d CreatePool(int size) => new MaxPool2d(size, size);
}

/// <summary>
/// LeNet-5 close to the paper's form, with tanh and average pooling. It leaves out the trainable coefficients of the poolings and the
/// sparse connections.
/// </summary>
internal sealed class LeNet51998 : LeNet5Table
{
    public override string Name => "lenet5-1998";

    public override string Summary => "2 convolutions 5x5 (6, 16), tanh, average pool, 3 fully connected";

    public override string Reported => "MNIST, 0.95 % error in the paper (no distortions)";

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 20,
            Batch = 64,
            LearningRate = 0.02f,
            Optimizer = new Sgd(0.9f, 5e-4f) { Clip = Recipe.Clip },
            Schedule = new Cosine(),
        },
        Fit: ImageFit.Pad)
    { Start = StartingWeights.Xavier };

    protected override Activation CreateActivation() => new Tanh();

    protected override Pool2d CreatePool(int size) => new AvgPool2d(size, size);
}
