namespace GpuCnn.Kernels.Language;

/// <summary>
/// The 32 threads of a group that execute together: those whose linear index in the group, divided by 32, is the same. Shuffles are
/// collective: all threads of a warp make the same call. Only CUDA C has them, so <see cref="KernelText.NeedsCudaC"/> is true for kernels
/// that use this class.
/// </summary>
/// <remarks>
/// A group has a multiple of 32 threads. As with a barrier, a collective call is a statement of its own, or the whole value of a
/// declaration or an assignment, in <c>Execute</c> or in a helper. When a kernel runs as C#, a thread that misses a call is reported.
/// </remarks>
public static class Warp
{
    /// <summary>Number of threads in a warp.</summary>
    public const int Size = 32;

    /// <summary>Index of the thread within its warp: its linear index in the group, modulo 32.</summary>
    public static int Lane => LaneOf(KernelThread.Current);

    /// <summary>Returns the value of the thread whose lane is this thread's, xor <paramref name="mask"/>.</summary>
    public static float ShuffleXor(float value, int mask) => throw WarpSteps.Unstepped();

    /// <inheritdoc cref="ShuffleXor(float, int)"/>
    public static uint ShuffleXor(uint value, int mask) => throw WarpSteps.Unstepped();

    /// <summary>
    /// Returns the value of the thread whose lane is higher by <paramref name="delta"/>; the last lanes get back their own values.
    /// </summary>
    public static float ShuffleDown(float value, int delta) => throw WarpSteps.Unstepped();

    /// <inheritdoc cref="ShuffleDown(float, int)"/>
    public static uint ShuffleDown(uint value, int delta) => throw WarpSteps.Unstepped();

    internal static int LaneOf(in KernelThread thread)
    {
        (int x, int y, int z) = thread.Thread;
        return x + thread.GroupShape.X * (y + thread.GroupShape.Y * z) & Size - 1;
    }
}
