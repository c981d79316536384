using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class AdaptiveAvgPool2dTests : LayerContract<AdaptiveAvgPool2dTests, AdaptiveAvgPool2d>, ILayerFixture
{
    /// <summary>Bins that divide the input, bins that overlap, and more bins than pixels.</summary>
    public static IEnumerable<LayerCase> Cases =>
        from input in new[] { Shape.Volume(1, 1, 1), Shape.Volume(3, 7, 12), Shape.Volume(8, 6, 6), Shape.Volume(17, 13, 10) }
        from output in new (int Rows, int Columns)[] { (1, 1), (6, 6), (3, 4), (7, 2) }
        select new LayerCase(
            $"{input} to {output.Rows}x{output.Columns}", () => new AdaptiveAvgPool2d(output.Rows, output.Columns), input,
            new ReferenceAdaptiveAvgPool2d(output.Rows, output.Columns))
        { Batches = [1, 3] };

    public static IEnumerable<Misfit> Misfits => [new(() => new AdaptiveAvgPool2d(6, 6), Shape.Vector(8), "vector")];
}
