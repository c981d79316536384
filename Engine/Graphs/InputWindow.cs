using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Graphs;

/// <summary>The pixels of an input that one output pixel reads: a window that moves by a stride over the padded input.</summary>
public readonly record struct InputWindow((int Rows, int Columns) Size, (int Rows, int Columns) Stride, (int Rows, int Columns) Padding)
{
    /// <summary>The pixel at the output's position.</summary>
    public static InputWindow Pixel { get; } = new((1, 1), (1, 1), (0, 0));

    /// <summary>The whole map.</summary>
    public static InputWindow Whole(Shape input) => new((input.Height, input.Width), (1, 1), (0, 0));
}
