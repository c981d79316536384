using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Does what no kernel may: waits at a barrier that not all threads come to.</summary>
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

/// <summary>Does what no kernel may: writes past the end, between barriers.</summary>
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

/// <summary>Does what no kernel may: reads past the end, without barriers.</summary>
[Kernel(4)]
public readonly partial struct ReadPastTheEnd(ReadOnlyView<float> x, View<float> y)
{
    public void Execute()
    {
        int i = GlobalId.X;
        y[i] = x[i * 2]; // here
    }
}

/// <summary>Does what no kernel may: reads shared or local memory that nothing has been written to, the latter in one thread.</summary>
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

/// <summary>Does what no kernel may: its threads wait in the same helper, but not in the same call of it.</summary>
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

/// <summary>Does what no kernel may: loads four floats from where only one may lie.</summary>
[Kernel(1)]
public readonly partial struct UnalignedVector(ReadOnlyView<float> x, View<float> y)
{
    public void Execute() => y[0] = x.Load4(1).X;
}

/// <summary>Adds in place: its views may be one.</summary>
[Kernel(4, InPlace = true)]
public readonly partial struct AddInPlace(ReadOnlyView<float> x, View<float> y)
{
    public void Execute() => y[GlobalId.X] += x[GlobalId.X];
}
