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
    public unsafe float* Pointer => (float*)Buffer.Address;

    /// <summary>Channel blocks of one image.</summary>
    public int BlockCount => Blocks.Count(Stored.Channels);

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
