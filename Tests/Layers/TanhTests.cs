using GpuCnn.Engine.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

public sealed class TanhTests : LayerContract<TanhTests, Tanh>, ILayerFixture
{
    /// <summary>The derivative is computed from y, so near 0 it has the rounding of y, which is near 1.</summary>
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.SelectMany(input => new[] { 1, 20f }.Select(limit =>
        new LayerCase($"{input} to {limit}", () => new Tanh(), input, new ReferenceTanh()) { Limit = limit, LeastScale = 1 }));

    [Test]
    public void IsAccurateToAFewPlaces() => PointwiseInput.CheckAccuracy(() => new Tanh(), Math.Tanh);
}
