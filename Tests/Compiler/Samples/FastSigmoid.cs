using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Functions that only CUDA has, from the language and of the kernel itself.</summary>
[Kernel(16)]
public readonly partial struct FastSigmoid(ReadOnlyView<float> x, View<float> y, int n)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i < n) y[i] = CudaMath.FastDivide(1, 1 + CudaMath.FastExp(-x[i])) + Bytes(0x01020304, i);
    }

    /// <summary>The sum of the products of the bytes of two numbers.</summary>
    [CudaFunction("__dp4a({0}, {1}, 0)")]
    private static int Bytes(int a, int b)
    {
        int sum = 0;
        for (int shift = 0; shift < 32; shift += 8) sum += (sbyte)(a >> shift) * (sbyte)(b >> shift);
        return sum;
    }
}
