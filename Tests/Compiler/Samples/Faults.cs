using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Breaks a rule: waits at a barrier that some threads do not reach.</summary>
[Kernel(8)]
public readonly partial struct DivergentBarrier(View<float> y, int waiting)
{
    public void Execute()
    {
        View<float> scratch = Shared.Array<float>(8);
        scratch[ThreadId.X] = ThreadId.X;
        if (ThreadId.X < waiting) Group.Barrier(); // here
        y[ThreadId.X] = scratch[7 - ThreadId.X];
    }
}

/// <summary>Breaks a rule: writes past the end, between barriers.</summary>
[Kernel(4)]
public readonly partial struct PastTheEnd(View<float> y)
{
    public void Execute()
    {
        Group.Barrier();
        int i = GlobalId.X;
        y[i + 1] = 0; // here
    }
}

/// <summary>Breaks a rule: reads past the end, without barriers.</summary>
[Kernel(4)]
public readonly partial struct ReadPastTheEnd(ReadOnlyView<float> x, View<float> y)
{
    public void Execute()
    {
        int i = GlobalId.X;
        y[i] = x[i * 2]; // here
    }
}

/// <summary>Breaks a rule: reads unwritten shared memory, or in one thread unwritten local memory.</summary>
[Kernel(4)]
public readonly partial struct Unwritten(View<float> y, View<float> z, int which)
{
    public void Execute()
    {
        View<float> shared = Shared.Array<float>(4);
        Registers<float> local = Local.Array<float>(2);
        if (which != 0) shared[ThreadId.X] = 3;
        if (which != 1 || GlobalId.X != 6) local[1] = 3;
        y[GlobalId.X] = shared[ThreadId.X] + 1; // here
        z[GlobalId.X] = local[1] * 2; // here
    }
}

/// <summary>Breaks a rule: its threads wait in the same helper, but in different calls of it.</summary>
[Kernel(4)]
public readonly partial struct DivergentCalls(View<float> y)
{
    public void Execute()
    {
        if (ThreadId.X < 2)
            Wait(); // first
        else
            Wait(); // second
        y[ThreadId.X] = 1;
    }

    private static void Wait()
    {
        Group.Barrier(); // both
    }
}

/// <summary>Breaks a rule: loads four floats from an address that is aligned for one.</summary>
[Kernel(1)]
public readonly partial struct UnalignedVector(ReadOnlyView<float> x, View<float> y)
{
    public void Execute() => y[0] = x.Load4(1).X;
}

/// <summary>Adds in place: its views may overlap.</summary>
[Kernel(4, InPlace = true)]
public readonly partial struct AddInPlace(ReadOnlyView<float> x, View<float> y)
{
    public void Execute() => y[GlobalId.X] += x[GlobalId.X];
}
