using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// One matrix product in the column-major form of BLAS libraries: C = op(A) op(B), or C += op(A) op(B) if <paramref name="Accumulate"/>. op
/// transposes a matrix if its flag is set. Views start at the first element. A pitch is the number of floats from one column in memory to
/// the next.
/// </summary>
/// <param name="M">Rows of C.</param>
/// <param name="N">Columns of C.</param>
/// <param name="K">Terms of each sum.</param>
/// <param name="A">M x K, or K x M if transposed.</param>
/// <param name="B">K x N, or N x K if transposed.</param>
/// <param name="C">M x N.</param>
internal readonly record struct BlasProduct(
    bool TransposeA, bool TransposeB, int M, int N, int K, ReadOnlyView<float> A, int PitchA, ReadOnlyView<float> B, int PitchB,
    bool Accumulate, View<float> C, int PitchC);

/// <summary>Receives launches and products of a library, in the order in which they run.</summary>
internal interface IProductLaunches : IKernelLaunches
{
    /// <summary>Appends a product of the library. It sees what earlier launches wrote.</summary>
    void Add(in BlasProduct product);
}
