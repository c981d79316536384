using System.Runtime.InteropServices;

namespace GpuCnn.Kernels;

/// <summary>
/// What changes from step to step without the plan changing. Kernels read it where it lies, in the plan's memory: on the CPU through a
/// pointer, on devices that run translated kernels as a view of one element, which has this layout there too.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct StepScalars
{
    /// <summary>Step of the run, counted from 0: the counter of every random number drawn in the step.</summary>
    public ulong Step;

    /// <summary>Seed of the run.</summary>
    public ulong Seed;

    public float LearningRate;

    /// <summary>Images of the batch that are real; the loss is their mean.</summary>
    public int Images;

    /// <summary>1 where layers that keep something from step to step, such as running statistics, bring it up to date; else 0.</summary>
    public int UpdatesState;

    /// <summary>Makes it 32 bytes: a buffer of a plan starts at a multiple of 256, and a view at a multiple of its element.</summary>
    public int Unused;
}
