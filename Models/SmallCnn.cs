using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>Small network for small images, such as the demo set's. It trains quickly on two CPU cores.</summary>
internal sealed class SmallCnn : Architecture
{
    // Number of filters in each 3x3 convolution. ReLU and a 2x2 max pool follow each.
    private static readonly int[] Filters = [16, 32, 64, 64];
    private const int FilterSize = 3, Pooling = 2;

    public override string Name => "smallcnn";

    public override int Year => 2026;

    public override string Summary => "4 convolutions 3x3 (16, 32, 64, 64), ReLU, max pool, dropout, 1 fully connected";

    public override string Source => "This project: a first network for the demo data set";

    public override string Reported => "Demo set, 95 % or better after its recipe (a test holds it to that)";

    public override Shape Input => Shape.Volume(3, 64, 64);

    public override int Classes => 4;

    public override long ExpectedParameters => 64_612;

    public override decimal ExpectedMultiplyAdds => 0.0136m;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 12,
            Batch = 32,
            LearningRate = 0.02f,
            Optimizer = new Sgd(0.9f, 5e-4f) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 1),
        },
        Augmentation: "flip")
    { Dropout = 0.2f };

    protected override Layer CreateLayers(Design design)
    {
        var layers = new Sequential();
        for (int i = 0; i < Filters.Length; i++)
        {
            layers.Add($"conv{i + 1}", new Conv2d(Filters[i], FilterSize, padding: FilterSize / 2)
            {
                WeightInitializer = design.Recipe.Start.Hidden,
            });
            layers.Add($"relu{i + 1}", new ReLU());
            layers.Add($"pool{i + 1}", new MaxPool2d(Pooling, Pooling));
        }
        layers.Add("flatten", new Flatten());
        layers.Add("dropout", new Dropout(design.Recipe.Dropout));
        layers.Add("fc", design.Scores());
        return layers;
    }
}
