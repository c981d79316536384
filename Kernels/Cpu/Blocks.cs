using System.Runtime.Intrinsics;

namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// The CPU layout NCHWc8, [N][ceil(C / 8)][H][W][8]: channels in blocks of 8, the block innermost. Lanes past C are finite and unused in
/// activations, and zero in gradients.
/// </summary>
public static class Blocks
{
    public const int Size = 8;

    /// <summary>Width in floats of the widest vector that this machine computes with at full speed: 16 or 8.</summary>
    public static int VectorWidth => Vector512.IsHardwareAccelerated ? 16 : 8;

    public static int Count(int channels) => (channels + Size - 1) / Size;

    public static int RoundUp(int channels) => Count(channels) * Size;
}
