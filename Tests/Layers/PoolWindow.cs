using GpuCnn.Engine.Tensors;

namespace GpuCnn.Tests.Layers;

/// <summary>The windows that both poolings are tested with.</summary>
public sealed record PoolWindow((int H, int W) Size, (int H, int W) Stride, (int H, int W) Padding, bool CeilMode, Shape Input)
{
    public static IReadOnlyList<PoolWindow> All { get; } =
    [
        // LeNet's windows, and AlexNet's overlapping ones.
        new((2, 2), (2, 2), (0, 0), false, Shape.Volume(6, 8, 8)),
        new((3, 3), (2, 2), (0, 0), false, Shape.Volume(24, 13, 13)),
        // Maps that the stride does not divide, with the remainder dropped and kept.
        new((2, 2), (2, 2), (0, 0), false, Shape.Volume(5, 7, 5)),
        new((2, 2), (2, 2), (0, 0), true, Shape.Volume(5, 7, 5)),
        new((3, 3), (2, 2), (0, 0), true, Shape.Volume(8, 14, 14)),
        new((3, 3), (2, 2), (1, 1), false, Shape.Volume(9, 8, 7)),
        new((3, 3), (2, 2), (1, 1), true, Shape.Volume(9, 8, 7)),
        // Ceil mode with a last window that would start past the map, and is dropped.
        new((2, 2), (3, 3), (1, 1), true, Shape.Volume(3, 3, 6)),
        new((1, 1), (4, 2), (0, 0), true, Shape.Volume(7, 5, 4)),
        // Ceil mode with a last window that reaches past the padding.
        new((3, 3), (3, 3), (1, 1), true, Shape.Volume(1, 6, 9)),
        new((4, 5), (3, 4), (2, 2), true, Shape.Volume(13, 7, 8)),
        // Ceil mode over maps that are smaller than the window.
        new((3, 3), (2, 2), (0, 0), true, Shape.Volume(8, 2, 2)),
        new((3, 3), (2, 2), (0, 0), true, Shape.Volume(5, 2, 7)),
        new((2, 2), (2, 2), (0, 0), true, Shape.Volume(9, 1, 1)),
        new((5, 4), (3, 4), (1, 0), true, Shape.Volume(3, 1, 1)),
        new((6, 9), (4, 3), (1, 2), true, Shape.Volume(16, 1, 4)),
        // Rectangles, strides larger than the window, the whole map, one pixel.
        new((3, 2), (1, 2), (1, 0), false, Shape.Volume(3, 6, 7)),
        new((1, 3), (2, 1), (0, 1), true, Shape.Volume(17, 5, 6)),
        new((2, 2), (3, 4), (0, 1), false, Shape.Volume(33, 7, 9)),
        new((4, 6), (1, 1), (0, 0), false, Shape.Volume(6, 4, 6)),
        new((1, 1), (1, 1), (0, 0), false, Shape.Volume(3, 1, 1)),
        new((3, 3), (1, 1), (1, 1), false, Shape.Volume(10, 1, 1)),
    ];

    public override string ToString() =>
        $"{Input} by {Size.H}x{Size.W} step {Stride.H}x{Stride.W} pad {Padding.H}x{Padding.W}{(CeilMode ? " ceil" : "")}";
}
