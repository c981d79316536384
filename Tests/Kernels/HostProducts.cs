using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// A BLAS of three loops over memory of this process, column-major. It checks the rules of BLAS, so that a call that a real library would
/// refuse fails here too.
/// </summary>
internal static class HostProducts
{
    public static unsafe void Run(in BlasProduct product)
    {
        (int m, int n, int k) = (product.M, product.N, product.K);
        CheckPitch(nameof(product.PitchA), product.PitchA, product.TransposeA ? k : m);
        CheckPitch(nameof(product.PitchB), product.PitchB, product.TransposeB ? n : k);
        CheckPitch(nameof(product.PitchC), product.PitchC, m);
        ReadOnlySpan<float> a = Span(product.A), b = Span(product.B);
        var c = new Span<float>((void*)(product.C.Memory + product.C.Offset), product.C.Length);
        for (int column = 0; column < n; column++)
        {
            for (int row = 0; row < m; row++)
            {
                float sum = 0;
                for (int i = 0; i < k; i++)
                    sum += a[At(product.TransposeA, row, i, product.PitchA)] * b[At(product.TransposeB, i, column, product.PitchB)];
                ref float target = ref c[row + column * product.PitchC];
                target = product.Accumulate ? target + sum : sum;
            }
        }
    }

    /// <summary>Index of an element of op(X).</summary>
    private static int At(bool isTransposed, int row, int column, int pitch) => isTransposed ? column + row * pitch : row + column * pitch;

    private static unsafe ReadOnlySpan<float> Span(ReadOnlyView<float> view) => new((void*)(view.Memory + view.Offset), view.Length);

    private static void CheckPitch(string name, int pitch, int rows)
    {
        if (pitch < Math.Max(1, rows))
            throw new ArgumentException($"BLAS expects {name} of at least the {rows} stored rows, but got {pitch}.");
    }
}
