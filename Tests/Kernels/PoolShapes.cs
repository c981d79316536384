using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Pooling;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Kernels;

/// <summary>The windows that layers are tested with, as kernels take them.</summary>
internal static class PoolShapes
{
    /// <summary>Windows of at least 64 pixels, with and without a multiple of four channels.</summary>
    public static IReadOnlyList<PoolWindow> Large { get; } =
    [
        new((8, 8), (1, 1), (0, 0), false, Shape.Volume(68, 8, 8)),
        new((9, 15), (1, 1), (0, 0), false, Shape.Volume(5, 9, 15)),
        new((64, 1), (3, 2), (32, 0), true, Shape.Volume(8, 70, 4)),
        new((10, 9), (4, 3), (5, 4), true, Shape.Volume(3, 13, 11)),
        new((3, 40), (2, 1), (1, 20), false, Shape.Volume(4, 5, 2)),
    ];

    /// <param name="anyIsBFloat16">Whether any tensor of the kernel is.</param>
    public static PoolShape Of(PoolWindow window, Extent input, Extent output, bool anyIsBFloat16 = false) => new(
        input.Channels, input.Height, input.Width, window.Size.H, window.Size.W, window.Stride.H, window.Stride.W,
        window.Padding.H, window.Padding.W, output.Height, output.Width, ChannelLanes.For(input.Channels, anyIsBFloat16));

    /// <summary>
    /// Windows that every number of lanes occurs in, with and without ties; one window has more places than a byte counts.
    /// </summary>
    public static IReadOnlyList<PoolWindow> Stored { get; } =
    [
        new((3, 3), (2, 2), (1, 1), false, Shape.Volume(16, 5, 5)),
        new((3, 2), (2, 1), (1, 0), true, Shape.Volume(12, 4, 5)),
        new((2, 2), (2, 2), (0, 0), false, Shape.Volume(3, 5, 4)),
        new((16, 17), (1, 1), (0, 0), false, Shape.Volume(8, 17, 17)),
    ];
}
