using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>What the layers of an architecture are made for.</summary>
/// <param name="Input">Shape of one image.</param>
/// <param name="Classes">Classes to tell apart.</param>
/// <param name="Recipe">How it is trained: dropout, what the weights start from.</param>
public sealed record Design(Shape Input, int Classes, Recipe Recipe)
{
    /// <summary>A hidden fully connected layer.</summary>
    public Linear Hidden(int units) => new(units)
    {
        WeightInitializer = Recipe.Start.Hidden,
        BiasInitializer = Initializer.Constant(Recipe.Start.RaisedBias),
    };

    /// <summary>The last layer: a score for each class.</summary>
    public Linear Scores() => new(Classes) { WeightInitializer = Recipe.Start.Scores };
}
