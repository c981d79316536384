using GpuCnn.Engine.Layers;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class SigmoidTests : LayerContract<SigmoidTests, Sigmoid>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.SelectMany(input => new[] { 1, 20f }.Select(limit =>
        new LayerCase($"{input} to {limit}", () => new Sigmoid(), input, new ReferenceSigmoid()) { Limit = limit }));
}
