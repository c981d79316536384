using GpuCnn.Engine.Layers;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class DropoutTests : LayerContract<DropoutTests, Dropout>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from input in PointwiseInput.All
        from probability in new[] { 0, 0.25f, 0.5f, 0.9f }
        select new LayerCase($"{input} by {probability}", () => new Dropout(probability), input,
            index => new ReferenceDropout(probability, (ulong)index, LayerRun.Seed, LayerRun.Step));
}
