using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Sum and maximum of each row: a shared memory reduction with barriers in a helper, and one in a generic helper.</summary>
[Kernel(64)]
public readonly partial struct RowSum(ReadOnlyView<float> x, View<float> sums, View<float> largest, int width)
{
    public void Execute()
    {
        View<float> scratch = Shared.Array<float>(GroupSize.X);
        ReadOnlyView<float> row = x.Slice(GroupId.X * width);
        float sum = 0, most = float.NegativeInfinity;
        for (int i = ThreadId.X; i < width; i += GroupSize.X)
        {
            sum += row[i];
            most = KernelMath.Max(most, row[i]);
        }
        float total = Reductions.Reduce<Sum>(scratch, sum);
        Group.Barrier();
        most = Reductions.Reduce<Largest>(scratch, most);
        if (ThreadId.X == 0)
        {
            sums[GroupId.X] = total;
            largest[GroupId.X] = most;
        }
    }
}

public interface ICombine
{
    static abstract float Combine(float a, float b);
}

public readonly struct Sum : ICombine
{
    public static float Combine(float a, float b) => a + b;
}

public readonly struct Largest : ICombine
{
    public static float Combine(float a, float b) => KernelMath.Max(a, b);
}

public static class Reductions
{
    /// <summary>Combines the values of a group's threads, always in the same order.</summary>
    public static float Reduce<TCombine>(View<float> scratch, float value) where TCombine : struct, ICombine
    {
        int thread = ThreadId.X;
        scratch[thread] = value;
        Group.Barrier();
        for (int half = GroupSize.X / 2; half > 0; half /= 2)
        {
            if (thread < half) scratch[thread] = TCombine.Combine(scratch[thread], scratch[thread + half]);
            Group.Barrier();
        }
        return scratch[0];
    }
}
