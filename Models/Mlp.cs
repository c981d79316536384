using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>Multilayer perceptron, every input connected to every unit: the baseline for convolutional networks.</summary>
internal sealed class Mlp : Architecture
{
    private static readonly int[] Units = [300, 100];

    public override string Name => "mlp";

    public override int Year => 1998;

    public override string Summary => "3 fully connected layers (300, 100), ReLU";

    public override string Source => "LeCun et al., Gradient-based learning applied to document recognition, 1998, section C.5";

    public override string Reported => "MNIST, 3.05 % error in the paper (28x28-300-100-10)";

    public override Shape Input => Shape.Volume(1, 28, 28);

    public override int Classes => 10;

    public override string Link => "http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf";

    public override long ExpectedParameters => 266_610;

    public override decimal ExpectedMultiplyAdds => 0.0002662m;

    public override Recipe Recipe => new(
        new()
        {
            Epochs = 10,
            Batch = 64,
            LearningRate = 0.02f,
            Optimizer = new Sgd(0.9f, 5e-4f) { Clip = Recipe.Clip },
            Schedule = new Cosine(),
        },
        Fit: ImageFit.Pad);

    protected override Layer CreateLayers(Design design)
    {
        var layers = new Sequential { { "flatten", new Flatten() } };
        for (int i = 0; i < Units.Length; i++)
        {
            layers.Add($"fc{i + 1}", design.Hidden(Units[i]));
            layers.Add($"relu{i + 1}", new ReLU());
        }
        layers.Add($"fc{Units.Length + 1}", design.Scores());
        return layers;
    }
}
