using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// How a device stores a value of one image: channels-last, [H][W][C], or in blocks of 8 channels, [ceil(C / 8)][H][W][8]. GPUs store
/// everything channels-last. The CPU does so only for a network's input, where all its readers can read it.
/// </summary>
/// <param name="Shape">The shape operators see.</param>
/// <param name="Stored">The volume it is stored as: a view may see a volume as a vector.</param>
public sealed record TensorLayout(Shape Shape, Shape Stored, bool ChannelsLast)
{
    /// <summary>Channel blocks of one image.</summary>
    public int BlockCount => Blocks.Count(Stored.Channels);

    /// <summary>Floats of one image as stored.</summary>
    public int CountPerImage => ChannelsLast ? Stored.Count : checked(BlockCount * Blocks.Size * Stored.Area);

    /// <summary>Where the value that an operator sees at <paramref name="logical"/> (in C, H, W order) is stored in an image.</summary>
    public int IndexOf(int logical)
    {
        int channel = logical / Stored.Area, pixel = logical % Stored.Area;
        return ChannelsLast
            ? pixel * Stored.Channels + channel
            : (channel / Blocks.Size * Stored.Area + pixel) * Blocks.Size + channel % Blocks.Size;
    }
}
