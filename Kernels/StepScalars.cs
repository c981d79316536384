using System.Runtime.InteropServices;

namespace GpuCnn.Kernels;

/// <summary>
/// Values that change from step to step while the plan stays the same. Kernels read them from the plan's memory: through a pointer on the
/// CPU, and as a view of one element with this layout on GPUs.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct StepScalars
{
    /// <summary>Number of the step in the run, from 0. It is the counter of every random number drawn in the step.</summary>
    public ulong Step;

    /// <summary>Seed of the run.</summary>
    public ulong Seed;

    public float LearningRate;

    /// <summary>Number of real images in the batch; the loss is their mean.</summary>
    public int Images;

    /// <summary>1 if layers update the state that they keep between steps, such as running statistics; else 0.</summary>
    public int UpdatesState;

    /// <summary>
    /// Pads the struct to 32 bytes. A buffer of a plan starts at a multiple of 256, and a view at a multiple of its element.
    /// </summary>
    public int Unused;
}
