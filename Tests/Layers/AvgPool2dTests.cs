using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class AvgPool2dTests : LayerContract<AvgPool2dTests, AvgPool2d>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from window in PoolWindow.All
        from countPadding in window.Padding == (0, 0) && !window.CeilMode ? new[] { true } : [true, false]
        select new LayerCase(
            $"{window}{(countPadding ? "" : ", padding not counted")}",
            () => new AvgPool2d(window.Size, window.Stride, window.Padding, window.CeilMode, countPadding), window.Input,
            new ReferenceAvgPool2d(window.Size, window.Stride, window.Padding, window.CeilMode, countPadding));

    public static IEnumerable<Misfit> Misfits =>
    [
        new(() => new AvgPool2d(2, 2), Shape.Vector(8), "vector"), new(() => new AvgPool2d(5, 2, 1), Shape.Volume(3, 2, 9), "3x3 pixels"),
        new(() => new AvgPool2d(5, 2, 1, ceilMode: true), Shape.Volume(3, 1, 9), "2x2 pixels"),
        new(() => new AvgPool2d((2, 5), (1, 2), (1, 0)), Shape.Volume(3, 1, 4), "1x5 pixels"),
        new(() => new AvgPool2d((2, 5), (1, 2), (1, 0), ceilMode: true), Shape.Volume(3, 1, 3), "1x4 pixels"),
    ];
}
