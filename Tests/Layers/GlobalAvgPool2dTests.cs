using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class GlobalAvgPool2dTests : LayerContract<GlobalAvgPool2dTests, GlobalAvgPool2d>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from input in new[]
        {
            Shape.Volume(1, 1, 1), Shape.Volume(3, 7, 5), Shape.Volume(8, 4, 4), Shape.Volume(13, 1, 6), Shape.Volume(33, 3, 3),
        }
        select new LayerCase($"{input}", () => new GlobalAvgPool2d(), input, new ReferenceGlobalAvgPool2d());

    public static IEnumerable<Misfit> Misfits => [new(() => new GlobalAvgPool2d(), Shape.Vector(8), "vector")];
}
