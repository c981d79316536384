using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// One matrix product as BLAS libraries take it, column by column: C = op(A) op(B), or C += where <paramref name="Accumulate"/>. op turns a
/// matrix round where its flag is set. Views start at the first
/// element; a pitch leads from one column in memory to the next, in floats.
/// </summary>
/// <param name="M">Rows of C.</param>
/// <param name="N">Columns of C.</param>
/// <param name="K">Terms of each sum.</param>
/// <param name="A">M x K, or K x M where it is turned round.</param>
/// <param name="B">K x N, or N x K where it is turned round.</param>
/// <param name="C">M x N.</param>
public readonly record struct BlasProduct(
    bool TransposeA, bool TransposeB, int M, int N, int K, ReadOnlyView<float> A, int PitchA, ReadOnlyView<float> B, int PitchB,
    bool Accumulate, View<float> C, int PitchC);

/// <summary>Launches among which products of a library can stand, in order with the kernels.</summary>
public interface IProductLaunches : IKernelLaunches
{
    /// <summary>Appends the library's product; it sees what was launched before it.</summary>
    void Add(in BlasProduct product);
}
