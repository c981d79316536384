using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>Input shape, number of classes and recipe that an architecture's layers are created for.</summary>
/// <param name="Input">Shape of one image.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Recipe">Recipe of training, which sets dropout and starting weights.</param>
public sealed record Design(Shape Input, int Classes, Recipe Recipe)
{
    /// <summary>Creates a hidden fully connected layer.</summary>
    public Linear Hidden(int units) => new(units)
    {
        WeightInitializer = Recipe.Start.Hidden,
        BiasInitializer = Initializer.Constant(Recipe.Start.RaisedBias),
    };

    /// <summary>Creates the last layer, which gives a score for each class.</summary>
    public Linear Scores() => new(Classes) { WeightInitializer = Recipe.Start.Scores };
}
