using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

/// <summary>A layer or a short sequence to test, with settings and an input.</summary>
/// <param name="Layer">Makes the layer.</param>
/// <param name="Input">Shape of one image.</param>
/// <param name="ReferenceAt">The same in float64, for a layer that is the n-th operator of its network.</param>
public sealed record LayerCase(string Name, Func<Layer> Layer, Shape Input, Func<int, ReferenceLayer> ReferenceAt)
{
    public LayerCase(string name, Func<Layer> layer, Shape input, ReferenceLayer reference) : this(name, layer, input, _ => reference) { }

    /// <summary>More than 8 images exceed a channel block; none is a multiple of a tile.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 3, 5, 9];

    /// <summary>Largest magnitude of the inputs.</summary>
    public float Limit { get; init; } = 1;

    /// <summary>Magnitude of intermediate numbers whose differences are the results, if larger than the results.</summary>
    public double LeastScale { get; init; }

    /// <summary>Whether float32 holds every intermediate result exactly, for inputs and weights that are multiples of 1/8.</summary>
    public bool IsExact { get; init; }

    public override string ToString() => Name;
}

/// <summary>An input that does not fit a layer, and what the message must mention.</summary>
public sealed record Misfit(Func<Layer> Layer, Shape Input, params string[] Mentions);

/// <summary>Declarations of a layer's tests; the rest is <see cref="LayerContract{TFixture, TLayer}"/>.</summary>
public interface ILayerFixture
{
    static abstract IEnumerable<LayerCase> Cases { get; }

    /// <summary>Inputs that the layer refuses; empty if it takes any input.</summary>
    static virtual IEnumerable<Misfit> Misfits => [];
}
