using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>A batch of values, or of their gradients, on the CPU device.</summary>
/// <param name="Buffer">Where it lies.</param>
/// <param name="Shape">The shape operators see.</param>
/// <param name="Stored">The volume it is stored as: a view may see a volume as a vector.</param>
/// <param name="ChannelsLast">Stored as [N][H][W][C] instead of in channel blocks [N][ceil(C / 8)][H][W][8].</param>
/// <param name="Images">Batch size.</param>
public sealed record CpuTensor(PlanBuffer Buffer, Shape Shape, Shape Stored, bool ChannelsLast, int Images)
{
    /// <summary>Channels of the volume of which this is a part, or its own.</summary>
    public int WholeChannels { get; init; } = Stored.Channels;

    /// <summary>The first channel in that volume: a block's first.</summary>
    public int FirstChannel { get; init; }

    /// <summary>Whether images lie in a volume of more channels, not one behind the other.</summary>
    public bool IsSlice => WholeChannels != Stored.Channels;

    public unsafe float* Pointer => (float*)Buffer.Address + FirstChannel * Stored.Area;

    /// <summary>Channel blocks of one image.</summary>
    public int BlockCount => Blocks.Count(Stored.Channels);

    /// <summary>Channel blocks from one image to the next.</summary>
    public int WholeBlocks => Blocks.Count(WholeChannels);

    /// <summary>Floats of one image as stored.</summary>
    public int CountPerImage => ChannelsLast ? Stored.Count : checked(BlockCount * Blocks.Size * Stored.Area);

    /// <summary>Floats as stored.</summary>
    public long Count => (long)Images * CountPerImage;

    /// <summary>Where the value that an operator sees at <paramref name="logical"/> (in C, H, W order) is stored in an image.</summary>
    public int IndexOf(int logical)
    {
        int channel = logical / Stored.Area, pixel = logical % Stored.Area;
        return ChannelsLast
            ? pixel * Stored.Channels + channel
            : (channel / Blocks.Size * Stored.Area + pixel) * Blocks.Size + channel % Blocks.Size;
    }
}
