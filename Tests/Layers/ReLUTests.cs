using GpuCnn.Engine.Layers;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class ReLUTests : LayerContract<ReLUTests, ReLU>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.Select(input =>
        new LayerCase($"{input}", () => new ReLU(), input, new ReferenceReLU()) { IsExact = true, Limit = 8 });
}
