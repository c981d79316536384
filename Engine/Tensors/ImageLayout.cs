namespace GpuCnn.Engine.Tensors;

/// <summary>
/// Converts images between the order of batches, channels-last [N, H, W, C], and that of PyTorch's tensors, channels-first [N, C, H, W].
/// Vectors are the same in both.
/// </summary>
public static class ImageLayout
{
    /// <param name="shape">The shape of one image.</param>
    /// <param name="channelsFirst">[N, C, H, W]</param>
    /// <param name="channelsLast">[N, H, W, C], overwritten; another place in memory.</param>
    /// <exception cref="ArgumentException">The lengths differ, or are not those of whole images.</exception>
    public static void ToChannelsLast(Shape shape, ReadOnlySpan<float> channelsFirst, Span<float> channelsLast) =>
        Transpose(shape.Count, shape.Channels, shape.Area, channelsFirst, channelsLast);

    /// <param name="shape">The shape of one image.</param>
    /// <param name="channelsLast">[N, H, W, C]</param>
    /// <param name="channelsFirst">[N, C, H, W], overwritten; another place in memory.</param>
    /// <exception cref="ArgumentException">The lengths differ, or are not those of whole images.</exception>
    public static void ToChannelsFirst(Shape shape, ReadOnlySpan<float> channelsLast, Span<float> channelsFirst) =>
        Transpose(shape.Count, shape.Area, shape.Channels, channelsLast, channelsFirst);

    /// <summary>Turns [N, rows, columns] into [N, columns, rows].</summary>
    private static void Transpose(int image, int rows, int columns, ReadOnlySpan<float> source, Span<float> target)
    {
        if (source.Length != target.Length || source.Length % image != 0)
            throw new ArgumentException(
                $"Images of {image} values expect as many values in both orders, but got {source.Length} and {target.Length}.");
        for (int first = 0; first < source.Length; first += image)
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++)
                    target[first + column * rows + row] = source[first + row * columns + column];
    }
}
