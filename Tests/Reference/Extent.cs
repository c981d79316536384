using GpuCnn.Engine.Tensors;

namespace GpuCnn.Tests.Reference;

/// <summary>The sizes of a batch stored as a plain NCHW array. A vector of N features is N channels of one pixel.</summary>
public readonly record struct Extent(int Images, int Channels, int Height, int Width)
{
    public int Count => Images * Channels * Height * Width;

    public static Extent Of(int images, Shape shape) => new(images, shape.Channels, shape.Height, shape.Width);

    public int At(int n, int c, int h, int w) => ((n * Channels + c) * Height + h) * Width + w;

    /// <summary>False for the padding around the map.</summary>
    public bool Contains(int h, int w) => h >= 0 && h < Height && w >= 0 && w < Width;
}
