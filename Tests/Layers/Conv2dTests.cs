using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Layers;

public sealed class Conv2dTests : LayerContract<Conv2dTests, Conv2d>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        ConvolutionSetting.Chosen.Concat(ConvolutionSetting.Sample(count: 120, seed: 1)).Select(setting => setting.ToCase());

    public static IEnumerable<Misfit> Misfits =>
    [
        new(() => new Conv2d(16, 3), Shape.Vector(8), "Conv2d(8 -> 16, 3x3)", "vector"),
        new(() => new Conv2d(16, 5, padding: 1), Shape.Volume(3, 2, 9), "Conv2d(3 -> 16, 5x5)", "3x3 pixels"),
        new(() => new Conv2d(16, 3, groups: 4), Shape.Volume(6, 9, 9), "4 groups", "multiple of 4"),
    ];
}

public enum Fused
{
    Nothing,
    ReLU,
    Tanh,
    Sigmoid,
}

/// <summary>A convolution, the input it is applied to, and the activation after it.</summary>
public sealed record ConvolutionSetting(
    int Filters, (int H, int W) Size, (int H, int W) Stride, (int H, int W) Padding, Shape Input, int Groups = 1, bool Bias = true,
    Fused Fused = Fused.Nothing)
{
    private static readonly int[] Channels = [1, 3, 5, 6, 8, 16, 17, 24, 40, 64];

    /// <summary>Edge cases of the definition, and settings of the known networks.</summary>
    public static IReadOnlyList<ConvolutionSetting> Chosen { get; } =
    [
        // Small versions of LeNet, AlexNet, ResNet and VGG.
        new(6, (5, 5), (1, 1), (0, 0), Shape.Volume(1, 14, 14), Fused: Fused.Tanh),
        new(24, (11, 11), (4, 4), (2, 2), Shape.Volume(3, 31, 27), Fused: Fused.ReLU),
        new(8, (11, 11), (4, 4), (0, 0), Shape.Volume(8, 22, 24)),
        new(16, (7, 7), (2, 2), (3, 3), Shape.Volume(3, 17, 18), Bias: false),
        new(64, (3, 3), (1, 1), (1, 1), Shape.Volume(40, 6, 7), Fused: Fused.ReLU),
        new(40, (1, 1), (2, 2), (0, 0), Shape.Volume(24, 7, 8), Bias: false),
        new(33, (1, 1), (1, 1), (0, 0), Shape.Volume(64, 5, 5)),
        // A filter too large for a cache, and a map that is split into chunks.
        new(128, (3, 3), (1, 1), (1, 1), Shape.Volume(128, 4, 4), Fused: Fused.ReLU),
        new(48, (3, 3), (1, 1), (1, 1), Shape.Volume(48, 19, 21)),
        new(12, (5, 5), (1, 1), (2, 2), Shape.Volume(3, 40, 40), Fused: Fused.ReLU),
        // One pixel in, one pixel out, one of everything.
        new(1, (1, 1), (1, 1), (0, 0), Shape.Volume(1, 1, 1)),
        new(7, (1, 1), (1, 1), (0, 0), Shape.Volume(9, 1, 1), Fused: Fused.Sigmoid),
        new(5, (3, 3), (1, 1), (1, 1), Shape.Volume(13, 1, 1)),
        new(13, (4, 3), (1, 1), (0, 0), Shape.Volume(7, 4, 3)),
        // Strides that do not divide the map, and that skip pixels.
        new(9, (2, 2), (3, 3), (0, 0), Shape.Volume(9, 9, 10)),
        new(3, (1, 1), (3, 2), (0, 0), Shape.Volume(5, 8, 8)),
        new(10, (1, 2), (4, 5), (0, 1), Shape.Volume(3, 9, 11), Fused: Fused.ReLU),
        new(17, (3, 3), (2, 2), (0, 0), Shape.Volume(6, 8, 8)),
        new(4, (2, 2), (5, 5), (1, 1), Shape.Volume(8, 3, 3)),
        // Padding over half the filter, and padding larger than the filter.
        new(5, (3, 3), (1, 1), (2, 2), Shape.Volume(3, 4, 5)),
        new(8, (3, 3), (2, 2), (3, 4), Shape.Volume(8, 3, 2), Fused: Fused.Tanh),
        new(6, (1, 1), (1, 1), (2, 1), Shape.Volume(17, 2, 3)),
        new(3, (2, 3), (3, 2), (4, 5), Shape.Volume(9, 2, 2)),
        // Filters larger than the map.
        new(8, (7, 7), (1, 1), (3, 3), Shape.Volume(5, 2, 3)),
        new(9, (1, 7), (1, 1), (0, 3), Shape.Volume(6, 5, 4)),
        new(6, (7, 1), (2, 1), (3, 0), Shape.Volume(9, 6, 3), Bias: false),
        new(17, (3, 1), (1, 2), (1, 0), Shape.Volume(24, 5, 6)),
        // Groups: whole blocks, merged, all merged, depthwise.
        new(32, (3, 3), (1, 1), (1, 1), Shape.Volume(16, 5, 5), Groups: 2),
        new(9, (3, 3), (1, 1), (1, 1), Shape.Volume(6, 5, 6), Groups: 3),
        new(12, (3, 3), (2, 2), (1, 1), Shape.Volume(12, 6, 5), Groups: 4, Fused: Fused.ReLU),
        new(8, (3, 3), (1, 1), (1, 1), Shape.Volume(8, 4, 4), Groups: 8),
        new(24, (3, 3), (1, 1), (1, 1), Shape.Volume(24, 9, 7), Groups: 24, Bias: false),
        new(16, (3, 3), (2, 2), (1, 1), Shape.Volume(16, 7, 8), Groups: 16, Bias: false),
        new(24, (5, 5), (2, 2), (2, 2), Shape.Volume(24, 7, 7), Groups: 24, Bias: false),
        new(13, (3, 3), (1, 1), (0, 0), Shape.Volume(13, 4, 4), Groups: 13),
        new(12, (3, 3), (1, 1), (1, 1), Shape.Volume(6, 4, 4), Groups: 6, Fused: Fused.Sigmoid),
        new(40, (1, 1), (1, 1), (0, 0), Shape.Volume(20, 3, 3), Groups: 5),
        new(6, (3, 2), (3, 1), (0, 1), Shape.Volume(24, 8, 5), Groups: 6),
        new(64, (3, 3), (1, 1), (1, 1), Shape.Volume(48, 3, 3), Groups: 4),
    ];

    /// <summary>A random sample of all combinations, fixed by a seed.</summary>
    public static IEnumerable<ConvolutionSetting> Sample(int count, int seed)
    {
        var random = new Random(seed);
        (int H, int W)[] sizes = [(1, 1), (3, 3), (3, 3), (5, 5), (7, 7), (1, 7), (3, 1), (2, 2), (4, 3)];
        while (count > 0)
        {
            (int H, int W) size = Pick(sizes), stride = (random.Next(1, 4), random.Next(1, 4));
            if (random.Next(3) > 0) stride = (stride.H, stride.H);
            (int H, int W) padding = (random.Next(0, size.H + 1), random.Next(0, size.W + 1));
            int groups = random.Next(4) == 0 ? random.Next(2, 7) : 1;
            int inputs = Pick(Channels), filters = Pick(Channels);
            if (groups > 1) (inputs, filters) = (groups * random.Next(1, 6), groups * random.Next(1, 6));
            Shape input = Shape.Volume(inputs, random.Next(1, 13), random.Next(1, 13));
            if (input.Height + 2 * padding.H < size.H || input.Width + 2 * padding.W < size.W) continue;
            count--;
            yield return new(filters, size, stride, padding, input, groups, random.Next(4) > 0, Pick(Enum.GetValues<Fused>()));
        }

        T Pick<T>(T[] from) => from[random.Next(from.Length)];
    }

    public LayerCase ToCase()
    {
        var reference = new ReferenceConv2d(Filters, Size, Stride, Padding, Groups, Bias);
        return new(ToString(), ToLayer, Input, Fused switch
        {
            Fused.ReLU => new ReferenceChain(reference, new ReferenceReLU()),
            Fused.Tanh => new ReferenceChain(reference, new ReferenceTanh()),
            Fused.Sigmoid => new ReferenceChain(reference, new ReferenceSigmoid()),
            _ => reference,
        })
        {
            IsExact = Fused is Fused.Nothing or Fused.ReLU,
            // Large maps get one odd batch; small ones all batch sizes.
            Batches = (long)Filters * Input.Count * Size.H * Size.W / Groups > 1_000_000 ? [1, 3] : [1, 3, 9],
        };
    }

    public override string ToString() =>
        $"{Input} -> {Filters}, {Size.H}x{Size.W} step {Stride.H}x{Stride.W} pad {Padding.H}x{Padding.W}"
        + $"{(Groups == 1 ? "" : $" in {Groups} groups")}{(Bias ? "" : ", no bias")}{(Fused == Fused.Nothing ? "" : $", {Fused}")}";

    private Layer ToLayer()
    {
        var convolution = new Conv2d(Filters, Size, Stride, Padding, Groups, Bias);
        return Fused switch
        {
            Fused.ReLU => new Sequential { convolution, new ReLU() },
            Fused.Tanh => new Sequential { convolution, new Tanh() },
            Fused.Sigmoid => new Sequential { convolution, new Sigmoid() },
            _ => convolution,
        };
    }
}
