using GpuCnn.Engine.Layers;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class TanhTests : LayerContract<TanhTests, Tanh>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.SelectMany(input => new[] { 1, 20f }.Select(limit =>
        new LayerCase($"{input} to {limit}", () => new Tanh(), input, new ReferenceTanh()) { Limit = limit }));
}
