using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class LinearTests : LayerContract<LinearTests, Linear>, ILayerFixture
{
    private static readonly int[] Units = [1, 3, 5, 8, 10, 17, 24, 33, 40, 65, 100];

    /// <summary>Some have a Flatten before them, which leaves a volume in channel blocks.</summary>
    public static IEnumerable<LayerCase> Cases =>
    [
        .. Units.Select(units => Of(units, Shape.Vector(13), bias: true)),
        .. new[] { 1, 3, 6, 7, 9, 24, 33, 400, 1030 }.Select(inputs => Of(10, Shape.Vector(inputs), bias: inputs % 2 == 0)),
        Of(7, Shape.Volume(16, 5, 5), bias: true),
        Of(84, Shape.Volume(6, 3, 2), bias: true),
        Of(5, Shape.Volume(1, 4, 3), bias: false),
        Of(33, Shape.Volume(17, 1, 1), bias: true),
        Of(150, Shape.Vector(1030), bias: true) with { Batches = [3] },
        Of(120, Shape.Volume(3, 5, 5), bias: true) with { Batches = [65] },
    ];

    public static IEnumerable<Misfit> Misfits => [new(() => new Linear(10), Shape.Volume(3, 4, 5), "Linear(-> 10)", "Flatten")];

    private static LayerCase Of(int units, Shape input, bool bias) => new(
        $"{input} -> {units}{(bias ? "" : ", no bias")}",
        () => input.IsVector ? new Linear(units, bias) : new Sequential { new Flatten(), new Linear(units, bias) },
        input, new ReferenceLinear(units, bias))
    { IsExact = true };
}
