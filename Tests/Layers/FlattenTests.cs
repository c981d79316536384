using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class FlattenTests : LayerContract<FlattenTests, Flatten>, ILayerFixture
{
    /// <summary>A view keeps the storage of a volume, so a layer that reads the vector is part of the test.</summary>
    public static IEnumerable<LayerCase> Cases =>
        from input in new[] { Shape.Vector(9), Shape.Volume(1, 1, 1), Shape.Volume(3, 4, 5), Shape.Volume(8, 2, 3), Shape.Volume(17, 5, 5) }
        from test in new LayerCase[]
        {
            new($"{input}", () => new Flatten(), input, new ReferenceFlatten()),
            new($"{input}, twice", () => new Sequential { new Flatten(), new Flatten() }, input, new ReferenceFlatten()),
            new($"{input}, ReLU", () => new Sequential { new Flatten(), new ReLU() }, input,
                new ReferenceChain(new ReferenceFlatten(), new ReferenceReLU())),
            new($"{input}, ReLU, Linear", () => new Sequential { new Flatten(), new ReLU(), new Linear(10) }, input,
                new ReferenceChain(new ReferenceFlatten(), new ReferenceReLU(), new ReferenceLinear(10))),
            new($"{input}, Dropout, Linear", () => new Sequential { new Flatten(), new Dropout(0.5f), new Linear(10) }, input,
                index => new ReferenceChain(
                    new ReferenceFlatten(), new ReferenceDropout(0.5, (ulong)index + 1, LayerRun.Seed, LayerRun.Step),
                    new ReferenceLinear(10))),
        }
        select test with { IsExact = true };
}
