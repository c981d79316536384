using System.Runtime.Intrinsics;

namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// The CPU layout NCHWc8: channels in blocks of 8, the block innermost: [N][ceil(C / 8)][H][W][8]. Lanes past C in activations are
/// finite and unused; in gradients they are zero.
/// </summary>
public static class Blocks
{
    public const int Size = 8;

    /// <summary>Widest vector this machine computes with at full speed: 16 or 8 floats.</summary>
    public static int VectorWidth => Vector512.IsHardwareAccelerated ? 16 : 8;

    public static int Count(int channels) => (channels + Size - 1) / Size;

    public static int RoundUp(int channels) => Count(channels) * Size;
}
