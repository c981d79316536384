using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

/// <summary>A layer, or a short sequence, with settings and an input that it is tested with.</summary>
/// <param name="Layer">Makes the layer.</param>
/// <param name="Input">Shape of one image.</param>
/// <param name="ReferenceAt">The same in float64, for a layer that comes as the n-th operator of its network.</param>
public sealed record LayerCase(string Name, Func<Layer> Layer, Shape Input, Func<int, ReferenceLayer> ReferenceAt)
{
    public LayerCase(string name, Func<Layer> layer, Shape input, ReferenceLayer reference) : this(name, layer, input, _ => reference) { }

    /// <summary>More than 8 images fill a channel block's worth; none of them is a multiple of a tile.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 3, 5, 9];

    /// <summary>The inputs' largest magnitude.</summary>
    public float Limit { get; init; } = 1;

    /// <summary>Magnitude of numbers that results are differences of, where those are larger than the results.</summary>
    public double LeastScale { get; init; }

    /// <summary>Whether float32 holds every intermediate result of inputs and weights that are multiples of 1/8.</summary>
    public bool IsExact { get; init; }

    public override string ToString() => Name;
}

/// <summary>An input that does not fit a layer, and what the message must mention.</summary>
public sealed record Misfit(Func<Layer> Layer, Shape Input, params string[] Mentions);

/// <summary>What a layer's tests state; the rest is <see cref="LayerContract{TFixture, TLayer}"/>.</summary>
public interface ILayerFixture
{
    static abstract IEnumerable<LayerCase> Cases { get; }

    /// <summary>Empty for a layer that takes any input.</summary>
    static virtual IEnumerable<Misfit> Misfits => [];
}
