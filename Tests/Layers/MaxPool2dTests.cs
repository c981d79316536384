using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class MaxPool2dTests : LayerContract<MaxPool2dTests, MaxPool2d>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
    [
        .. PoolWindow.All.Select(window => new LayerCase(
            window.ToString(), () => new MaxPool2d(window.Size, window.Stride, window.Padding, window.CeilMode), window.Input,
            new ReferenceMaxPool2d(window.Size, window.Stride, window.Padding, window.CeilMode)) { IsExact = true }),
        new("square", () => new MaxPool2d(3, 2, 1, true), Shape.Volume(6, 7, 6),
            new ReferenceMaxPool2d((3, 3), (2, 2), (1, 1), true)) { IsExact = true },
        // Only three values, so that most windows have several largest ones.
        new("ties", () => new MaxPool2d(3, 1), Shape.Volume(9, 5, 5),
            new ReferenceMaxPool2d((3, 3), (1, 1), (0, 0))) { IsExact = true, Limit = 0.125f },
    ];

    public static IEnumerable<Misfit> Misfits =>
    [
        new(() => new MaxPool2d(2, 2), Shape.Vector(8), "vector"), new(() => new MaxPool2d(5, 2, 1), Shape.Volume(3, 2, 9), "3x3 pixels"),
        new(() => new MaxPool2d(5, 2, 1, ceilMode: true), Shape.Volume(3, 1, 9), "2x2 pixels"),
        new(() => new MaxPool2d((2, 5), (1, 2), (1, 0)), Shape.Volume(3, 1, 4), "1x5 pixels"),
        new(() => new MaxPool2d((2, 5), (1, 2), (1, 0), ceilMode: true), Shape.Volume(3, 1, 3), "1x4 pixels"),
    ];
}
