using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class AddTests : LayerContract<AddTests, Add>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from input in new[] { Shape.Volume(1, 1, 1), Shape.Volume(5, 4, 3), Shape.Volume(16, 3, 3), Shape.Volume(17, 9, 7) }
        from test in new LayerCase[]
        {
            new($"{input}, identity", () => new Residual(Convolution(input.Channels)), input,
                new ReferenceSum(Reference(input.Channels), new ReferenceFlatten())),
            new($"{input}, shortcut, ReLU", () => new Sequential { new Residual(Convolution(7), Convolution(7)), new ReLU() }, input,
                new ReferenceChain(new ReferenceSum(Reference(7), Reference(7)), new ReferenceReLU())),
        }
        select test with { IsExact = true, Batches = [1, 3] };

    public static IEnumerable<Misfit> Misfits => [new(() => new Residual(Convolution(6)), Shape.Volume(5, 4, 3), "6x4x3", "shortcut")];

    private static Conv2d Convolution(int filters) => new(filters, 1);

    private static ReferenceConv2d Reference(int filters) => new(filters, (1, 1), (1, 1), (0, 0));
}
