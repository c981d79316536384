using GpuCnn.Bench.Workloads;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Models;

namespace GpuCnn.Bench.Devices;

/// <summary>The workloads to measure on a device: large enough for a GPU, or small, to try the command itself.</summary>
internal static class DeviceRows
{
    private static readonly string[] ConvolutionNetworks = ["resnet50", "vgg16"];

    private const string Tiles = "tiles";

    // Convolutions of ResNet-50 whose results are wide enough for all of these tiles.
    private static readonly ConvolutionSizes[] TiledConvolutions =
        [new(32, 64, 256, 56, 1, 1, 0), new(32, 128, 128, 28, 3, 1, 1), new(32, 512, 512, 7, 3, 1, 1)];

    private static readonly string[] Float32Tiles =
    [
        "128x128x8", "128x64x16", "128x128x32 async", "128x64x32 async", "64x64x32 async", "128x128x32 3xtf32", "128x64x32 3xtf32",
        "64x64x32 3xtf32",
    ];

    // What differs where nothing is multiplied.
    private static readonly Precision[] Stored = [Precision.Float32, Precision.BFloat16];

    private static readonly OperatorPass[] Backward = [OperatorPass.BackwardData, OperatorPass.BackwardWeights];

    public static IReadOnlyList<Workload> Full { get; } =
    [
        new CopyWorkload(256, 1024),
        .. At(Precisions.All, [new MatrixWorkload(8192, "ceilings")]),
        .. At(Precisions.All, new[] { 4096, 2048, 1024 }.Select(size => new MatrixWorkload(size))),
        .. InTiles(new[] { 4096, 8192 }.Select(size => new MatrixWorkload(size, Tiles))),
        .. InTiles(TiledConvolutions.SelectMany(sizes => Passes(sizes, Tiles))),
        .. At(Precisions.All, new[] { 32, 128 }.SelectMany(Catalog.Networks)),
        .. At(Precisions.All, ConvolutionNetworks.SelectMany(model => Convolutions(model, 32)).Distinct().SelectMany(Passes)),
        .. At(Precisions.All, Block(32, null)),
        .. At(Stored, Memory(32, 64, 112)),
        new SgdWorkload(4096, 9216),
    ];

    public static IReadOnlyList<Workload> Quick { get; } =
    [
        new CopyWorkload(2, 64),
        .. At(Precisions.All, [new MatrixWorkload(256, "ceilings")]),
        .. At(Precisions.All, new[] { 128, 64 }.Select(size => new MatrixWorkload(size))),
        .. InTiles([new MatrixWorkload(256, Tiles)]),
        .. InTiles(Passes(new(2, 16, 128, 14, 3, 1, 1), Tiles)),
        .. At(Precisions.All, new[] { true, false }.Select(training => new NetworkWorkload("resnet18", 2, training, side: 64))),
        .. At(Precisions.All,
            new ConvolutionSizes[] { new(2, 16, 32, 14, 3, 1, 1), new(2, 64, 16, 14, 1, 1, 0), new(2, 3, 16, 32, 7, 2, 3) }
            .SelectMany(Passes)),
        .. At(Precisions.All, Block(2, 8)),
        .. At(Stored, Memory(2, 16, 28)),
        new SgdWorkload(256, 256),
    ];

    /// <summary>Each workload at all precisions, so that a cut after some time loses the last workloads and no precision.</summary>
    private static IEnumerable<Workload> At(IEnumerable<Precision> precisions, IEnumerable<Workload> workloads) =>
        workloads.SelectMany(_ => precisions, (workload, precision) => workload.At(precision));

    /// <summary>The different convolutions of a network, at their sizes in it.</summary>
    private static IEnumerable<ConvolutionSizes> Convolutions(string model, int images) =>
        from node in Architecture.Find(model).Build().Graph.Nodes
        where node.Operator is Conv2d
        let convolution = (Conv2d)node.Operator
        let input = node.Inputs[0].Shape
        select new ConvolutionSizes(images, input.Channels, convolution.Filters, input.Height, convolution.Size.Rows,
            convolution.Stride.Rows, convolution.Padding.Rows);

    /// <summary>The passes of a convolution. A first layer computes no gradient of its input.</summary>
    private static IEnumerable<Workload> Passes(ConvolutionSizes sizes) => Passes(sizes, "conv");

    private static IEnumerable<Workload> Passes(ConvolutionSizes sizes, string group) =>
        new[] { OperatorPass.Forward }.Concat(sizes.C < 8 ? [OperatorPass.BackwardWeights] : Backward)
            .Select(pass => new ConvolutionWorkload(sizes, pass, group));

    /// <summary>Each workload in float32's tiles, the ordinary ones and those of devices with matrix units.</summary>
    private static IEnumerable<Workload> InTiles(IEnumerable<Workload> workloads) =>
        workloads.SelectMany(_ => Float32Tiles, (workload, tile) => workload.In(tile));

    private static IEnumerable<Workload> Block(int images, int? side) =>
        new[] { true, false }.Select(training => new NetworkWorkload(BottleneckBlock.BlockName, images, training, side));

    private static IEnumerable<Workload> Memory(int images, int channels, int size)
    {
        var pool = new PoolSizes(true, images, channels, size, 3, 2, 1);
        return
        [
            new PoolWorkload(pool, OperatorPass.Forward), new PoolWorkload(pool, OperatorPass.BackwardData),
            new BatchNormWorkload(images, channels, size, OperatorPass.Forward),
                new BatchNormWorkload(images, channels, size, OperatorPass.Backward),
        ];
    }
}
