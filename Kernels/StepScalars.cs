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

    /// <summary>Number of real images in the batch.</summary>
    public int Images;

    /// <summary>1 if layers update the state that they keep between steps, such as running statistics; else 0.</summary>
    public int UpdatesState;

    /// <summary>
    /// Images whose mean the gradient of the loss is of: those of the batch, and with several ranks those of all ranks' batches.
    /// </summary>
    public int AllImages;

    /// <summary>Place of the first image among those of all ranks' batches, for random numbers.</summary>
    public int FirstImage;

    /// <summary>
    /// Pads the struct to 64 bytes. A buffer of a plan starts at a multiple of 256, and a view at a multiple of its element.
    /// </summary>
    public int Unused1;

    /// <inheritdoc cref="Unused1"/>
    public ulong Unused2, Unused3, Unused4;
}
