using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class LocalResponseNormTests : LayerContract<LocalResponseNormTests, LocalResponseNorm>, ILayerFixture
{
    /// <summary>The paper's numbers, and numbers that give neighbours more weight.</summary>
    public static IEnumerable<LayerCase> Cases =>
        from input in new[]
        {
            Shape.Volume(1, 1, 1), Shape.Volume(3, 5, 4), Shape.Volume(8, 2, 3), Shape.Volume(17, 7, 3), Shape.Volume(40, 3, 3),
        }
        from setting in new (int Size, float Alpha, float Beta, float K)[]
        {
            (5, 1e-4f, 0.75f, 2f), (5, 0.5f, 0.75f, 1f), (3, 0.25f, 0.5f, 1f), (4, 0.5f, 1.5f, 2f), (1, 1f, 1f, 0.5f),
            (19, 0.125f, 0.75f, 1f),
        }
        select new LayerCase(
            $"{input}, {setting}", () => new LocalResponseNorm(setting.Size, setting.Alpha, setting.Beta, setting.K), input,
            new ReferenceLocalResponseNorm(setting.Size, setting.Alpha, setting.Beta, setting.K))
        { Batches = [1, 3] };

    public static IEnumerable<Misfit> Misfits => [new(() => new LocalResponseNorm(), Shape.Vector(8), "vector", "Flatten")];
}
