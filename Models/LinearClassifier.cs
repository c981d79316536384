using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>Linear classifier: the score of each class is a weighted sum of the features. The simplest model here.</summary>
internal abstract class LinearTable : Architecture
{
    public sealed override int Year => 1936;

    public override string Source => "Fisher, The use of multiple measurements in taxonomic problems, 1936";

    public sealed override Shape Input => Shape.Volume(3, 32, 32);

    public sealed override int Classes => 10;

    public sealed override Recipe Recipe => new(
        new() { Epochs = 20, Batch = 64, LearningRate = 2e-3f, Optimizer = new Sgd(0.9f, 1e-3f), Schedule = new Cosine() });
}

/// <summary>A linear classifier on raw pixels.</summary>
internal sealed class LinearClassifier : LinearTable
{
    public override string Name => "linear";

    public override string Summary => "1 fully connected layer on raw pixels";

    public override string Reported => "Demo set at 32x32, 39 % after its recipe (measured here)";

    public override long ExpectedParameters => 30_730;

    public override decimal ExpectedMultiplyAdds => 0.00003072m;

    protected override Layer CreateLayers(Design design) => new Sequential { { "flatten", new Flatten() }, { "fc", design.Scores() } };
}

/// <summary>
/// Linear classifier on fixed features: four hand-made kernels over every channel, then the strongest response of each 2x2 pixels.
/// </summary>
internal sealed class LinearEdges : LinearTable
{
    private const int Pooling = 2;

    public override string Name => "linear-edges";

    public override string Summary =>
        "blur, sharpen, edges and vertical edges 3x3 of each channel, made by hand and never trained; ReLU, max pool, 1 fully connected";

    public override string Reported => "Demo set at 32x32, 69 % after its recipe (measured here)";

    // 108 of them are fixed.
    public override long ExpectedParameters => 30_838;

    public override decimal ExpectedMultiplyAdds => 0.000141312m;

    protected override Layer CreateLayers(Design design)
    {
        int channels = design.Input.Channels;
        IReadOnlyList<HandMadeKernel> kernels = HandMadeKernel.All;
        return new Sequential
        {
            {
                "kernels", new Conv2d(
                    kernels.Count * channels, HandMadeKernel.Size, padding: HandMadeKernel.Size / 2, groups: channels, bias: false)
                {
                    FixedWeights =
                        [.. Enumerable.Repeat(kernels.SelectMany(kernel => kernel.Values), channels).SelectMany(weights => weights)],
                }
            },
            { "relu", new ReLU() }, { "pool", new MaxPool2d(Pooling, Pooling) }, { "flatten", new Flatten() }, { "fc", design.Scores() },
        };
    }
}
