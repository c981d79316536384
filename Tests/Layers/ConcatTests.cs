using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class ConcatTests : LayerContract<ConcatTests, Concat>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from input in new[] { Shape.Volume(1, 1, 1), Shape.Volume(5, 4, 3), Shape.Volume(17, 9, 7) }
        from filters in new[] { new[] { 8, 16 }, [3, 5, 1], [12, 4, 4] }
        select new LayerCase(
            $"{input} -> {string.Join(" + ", filters)}", () =>
            {
                var branches = new Branches();
                foreach (int count in filters) branches.Add($"branch{branches.Count()}", new Conv2d(count, 1));
                return branches;
            }, input, new ReferenceConcat([.. filters.Select(count => new ReferenceConv2d(count, (1, 1), (1, 1), (0, 0)))]))
        { IsExact = true, Batches = [1, 3] };

    public static IEnumerable<Misfit> Misfits =>
        [new(() => new Branches { { "all", new Conv2d(5, 1) }, { "half", new MaxPool2d(2, 2) } }, Shape.Volume(5, 4, 4), "5x2x2")];
}
