using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;

namespace GpuCnn.Models;

/// <summary>A convolution with ReLU, and the layers that follow it.</summary>
/// <param name="Filters">Number of filters.</param>
/// <param name="Size">Rows and columns of a filter.</param>
/// <param name="Stride">Stride of the convolution.</param>
/// <param name="Padding">Padding of the convolution.</param>
/// <param name="Groups">Groups of the convolution.</param>
/// <param name="Norm">Whether local response normalization follows, as in the AlexNet of 2012.</param>
/// <param name="Pool">Whether max pooling follows, 3x3 with stride 2.</param>
/// <param name="Raised">Whether the recipe may start the biases above 0.</param>
/// <summary>
/// Form common to AlexNet and ZFNet: five convolutions, some of them normalized and pooled, and three fully connected layers.
/// </summary>
internal sealed record ConvolutionRow(
    int Filters, int Size, int Stride = 1, int Padding = 0, int Groups = 1, bool Norm = false, bool Pool = false, bool Raised = false);

internal abstract class FiveConvolutions : Architecture
{
    private const int Pooling = 3, PoolStride = 2, FirstFullyConnected = 6;
    private static readonly int[] Units = [4096, 4096];

    public sealed override int Classes => 1000;

    public sealed override Recipe Recipe => new(
        new()
        {
            Epochs = 60,
            Batch = 128,
            LearningRate = 0.01f,
            Optimizer = new Sgd(0.9f, 5e-4f, decaysVectors: false) { Clip = Recipe.Clip },
            Schedule = new Cosine(warmup: 2),
        },
        Augmentation: "flip");

    /// <summary>The five convolutions.</summary>
    protected abstract IReadOnlyList<ConvolutionRow> Rows { get; }

    /// <summary>Whether poolings keep a partial window at the edge.</summary>
    protected virtual bool PoolsPartialWindows => false;

    protected sealed override Layer CreateLayers(Design design)
    {
        var layers = new Sequential();
        for (int i = 1; i <= Rows.Count; i++)
        {
            ConvolutionRow row = Rows[i - 1];
            layers.Add($"conv{i}", new Conv2d(row.Filters, row.Size, row.Stride, row.Padding, row.Groups)
            {
                WeightInitializer = design.Recipe.Start.Hidden,
                BiasInitializer = Initializer.Constant(row.Raised ? design.Recipe.Start.RaisedBias : 0),
            });
            layers.Add($"relu{i}", new ReLU());
            if (row.Norm) layers.Add($"norm{i}", new LocalResponseNorm(size: 5, alpha: 1e-4f, beta: 0.75f, k: 2));
            if (row.Pool) layers.Add($"pool{i}", new MaxPool2d(Pooling, PoolStride, ceilMode: PoolsPartialWindows));
        }
        layers.Add("flatten", new Flatten());
        int number = FirstFullyConnected;
        foreach (int units in Units)
        {
            layers.Add($"fc{number}", design.Hidden(units));
            layers.Add($"relu{number}", new ReLU());
            layers.Add($"drop{number}", new Dropout(design.Recipe.Dropout));
            number++;
        }
        layers.Add($"fc{number}", design.Scores());
        return layers;
    }
}
