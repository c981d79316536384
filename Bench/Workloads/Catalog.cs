namespace GpuCnn.Bench.Workloads;

/// <summary>All workloads.</summary>
public static class Catalog
{
    private static readonly OperatorPass[] Backward = [OperatorPass.BackwardData, OperatorPass.BackwardWeights];

    // VGG and ResNet stages, the 1x1 convolutions of bottlenecks, and a first layer.
    private static readonly ConvolutionSizes[] Convolutions =
    [
        new(8, 64, 64, 56, 3, 1, 1),
        new(8, 128, 128, 28, 3, 1, 1),
        new(8, 256, 256, 14, 3, 1, 1),
        new(8, 512, 512, 7, 3, 1, 1),
        new(8, 128, 128, 112, 3, 1, 1),
        new(8, 256, 64, 56, 1, 1, 0),
        new(8, 1024, 256, 14, 1, 1, 0),
        new(8, 3, 64, 224, 7, 2, 3),
    ];

    private static readonly PoolSizes[] Pools =
    [
        new(true, 8, 64, 112, 2, 2, 0),
        new(true, 8, 64, 112, 3, 2, 1),
        new(false, 8, 64, 112, 2, 2, 0),
    ];

    // LeNet-5's first fully connected layer and AlexNet's.
    private static readonly (int Images, int Inputs, int Units)[] FullyConnected = [(64, 400, 120), (8, 9216, 4096)];

    /// <summary>Single operators.</summary>
    public static IReadOnlyList<Workload> Operators { get; } =
    [
        .. Convolutions.SelectMany(sizes => PassesOf(sizes.C >= 8).Select(pass => new ConvolutionWorkload(sizes, pass))),
        .. FullyConnected.SelectMany(sizes => PassesOf(true)
            .Select(pass => new LinearWorkload(sizes.Images, sizes.Inputs, sizes.Units, pass))),
        .. Pools.SelectMany(sizes => new[] { OperatorPass.Forward, OperatorPass.BackwardData }
            .Select(pass => new PoolWorkload(sizes, pass))),
        new ReLUWorkload(8, 64, 112, OperatorPass.Forward),
        new ReLUWorkload(8, 64, 112, OperatorPass.BackwardData),
        new CrossEntropyWorkload(64, 1000),
        new SgdWorkload(4096, 4096),
    ];

    /// <summary>Networks that torchvision has in the same form.</summary>
    public static IReadOnlyList<string> NetworkNames { get; } =
        ["resnet18", "resnet50", "googlenet-torchvision", "vgg16", "alexnet-torchvision"];

    /// <summary>Whole networks with this batch size.</summary>
    public static IReadOnlyList<Workload> Networks(int images) =>
        [.. NetworkNames.SelectMany(model => new[] { true, false }.Select(training => new NetworkWorkload(model, images, training)))];

    /// <summary>Operators and whole networks.</summary>
    /// <param name="images">Batch size of the large networks.</param>
    public static IReadOnlyList<Workload> All(int images) => [.. Operators, new LeNetWorkload(), .. Networks(images)];

    private static IEnumerable<OperatorPass> PassesOf(bool inputGradient) =>
        inputGradient ? [OperatorPass.Forward, .. Backward] : [OperatorPass.Forward, OperatorPass.BackwardWeights];
}
