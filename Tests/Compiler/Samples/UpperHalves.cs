using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Stores values of 16 bits, two to a float; the two of a float are different threads' at the same time.</summary>
[Kernel(32)]
public readonly partial struct UpperHalves(ReadOnlyView<float> x, View<float> y, int count)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i < count) y.StoreUpper(i, x[i]);
    }
}
