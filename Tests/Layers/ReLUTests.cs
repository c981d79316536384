using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class ReLUTests : LayerContract<ReLUTests, ReLU>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.Select(input =>
        new LayerCase($"{input}", () => new ReLU(), input, new ReferenceReLU()) { IsExact = true, Limit = 8 });
}

/// <summary>Shapes for functions of each value; the largest needs more than one chunk.</summary>
internal static class PointwiseInput
{
    public static IReadOnlyList<Shape> All { get; } =
        [Shape.Vector(1), Shape.Vector(13), Shape.Vector(400), Shape.Volume(3, 5, 4), Shape.Volume(8, 2, 2), Shape.Volume(17, 33, 31)];
}
