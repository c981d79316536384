using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// A device's storage of one image of a value: channels-last, [H][W][C], or in blocks of 8 channels, [ceil(C / 8)][H][W][8]. GPUs store
/// everything channels-last. The CPU does so only for a network input that all its readers can read that way.
/// </summary>
/// <param name="Shape">The shape that operators see.</param>
/// <param name="Stored">The volume it is stored as; differs from <paramref name="Shape"/> for a view of a volume as a vector.</param>
public sealed record TensorLayout(Shape Shape, Shape Stored, bool ChannelsLast)
{
    /// <summary>Channel blocks of one image.</summary>
    public int BlockCount => Blocks.Count(Stored.Channels);

    /// <summary>Floats of one image as stored.</summary>
    /// <exception cref="SizeException">In blocks of channels it is more than an index can count.</exception>
    public int CountPerImage => ChannelsLast ? Stored.Count : CountInBlocks();

    private int CountInBlocks()
    {
        long count = (long)BlockCount * Blocks.Size * Stored.Area;
        return count <= int.MaxValue ? (int)count
            : throw new SizeException($"A volume of {Stored} has more than {SizeException.Limit} values in blocks of {Blocks.Size} "
                + "channels; expected fewer.");
    }

    /// <summary>Returns the storage index within an image of the value at <paramref name="logical"/> in C, H, W order.</summary>
    public int IndexOf(int logical)
    {
        int channel = logical / Stored.Area, pixel = logical % Stored.Area;
        return ChannelsLast
            ? pixel * Stored.Channels + channel
            : (channel / Blocks.Size * Stored.Area + pixel) * Blocks.Size + channel % Blocks.Size;
    }
}
