namespace GpuCnn.Kernels.Language;

/// <summary>The threads that share memory and wait for each other at barriers.</summary>
public static class Group
{
    /// <summary>
    /// Waits until all threads of the group have reached this barrier. Their writes to shared memory and to views are then visible to the
    /// group. All threads must reach the same barrier. The call is a statement of its own, in <c>Execute</c> or in a helper.
    /// </summary>
    public static void Barrier()
    {
        if (KernelThread.Current.Wait is not { } wait) throw new KernelFaultException(
            "a kernel with barriers runs as C# through Steps(), not through Execute()");
        wait();
    }
}

/// <summary>Index of the thread within its group.</summary>
public static class ThreadId
{
    public static int X => KernelThread.Current.Thread.X;

    public static int Y => KernelThread.Current.Thread.Y;

    public static int Z => KernelThread.Current.Thread.Z;
}

/// <summary>Index of the thread's group within the launch.</summary>
public static class GroupId
{
    public static int X => KernelThread.Current.Group.X;

    public static int Y => KernelThread.Current.Group.Y;

    public static int Z => KernelThread.Current.Group.Z;
}

/// <summary>Number of threads in a group. It is a constant when the kernel is compiled, so it can be the length of an array.</summary>
public static class GroupSize
{
    public static int X => KernelThread.Current.GroupShape.X;

    public static int Y => KernelThread.Current.GroupShape.Y;

    public static int Z => KernelThread.Current.GroupShape.Z;
}

/// <summary>Number of groups in the launch.</summary>
public static class GroupCount
{
    public static int X => KernelThread.Current.Groups.X;

    public static int Y => KernelThread.Current.Groups.Y;

    public static int Z => KernelThread.Current.Groups.Z;
}

/// <summary>Index of the thread within the launch: group * group size + thread.</summary>
public static class GlobalId
{
    public static int X => GroupId.X * GroupSize.X + ThreadId.X;

    public static int Y => GroupId.Y * GroupSize.Y + ThreadId.Y;

    public static int Z => GroupId.Z * GroupSize.Z + ThreadId.Z;
}
