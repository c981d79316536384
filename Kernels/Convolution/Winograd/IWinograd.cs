using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Transforms of F(m, 3), Winograd's algorithm for m outputs of a filter of 3 taps, along one dimension: y = A^T ((G g) * (B^T d)), where d
/// are m + 2 neighbouring inputs and g the taps. Backward dg = G^T ((A dy) * (B^T d)). In two dimensions each transform is applied to the
/// columns of a tile, and then to the rows of the result. (https://arxiv.org/abs/1509.09308)
/// </summary>
internal unsafe interface IWinograd
{
    /// <summary>Number of rows and columns in an output tile, m.</summary>
    static abstract int Outputs { get; }

    /// <summary>Number of rows and columns in an input tile, and in the tile of products: m + 2.</summary>
    static abstract int Points { get; }

    /// <summary>Computes B^T d, from <see cref="Points"/> values to as many, <paramref name="step"/> floats apart.</summary>
    static abstract void Input<T, TLine>(TLine d, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>Computes G g, from 3 values to <see cref="Points"/>.</summary>
    static abstract void Filter<T, TLine>(TLine g, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>Computes A^T m, from <see cref="Points"/> values to <see cref="Outputs"/>.</summary>
    static abstract void Output<T, TLine>(TLine m, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>Computes A dy, from <see cref="Outputs"/> values to <see cref="Points"/>.</summary>
    static abstract void OutputGradient<T, TLine>(TLine dy, float* target, nint step)
        where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>Computes G^T u, from <see cref="Points"/> values to 3.</summary>
    static abstract void FilterGradient<T, TLine>(TLine u, float* target, nint step)
        where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;
}

/// <summary>Line of vectors that a transform reads, along the rows or the columns of a tile.</summary>
internal interface ILine<T> where T : unmanaged, ISimd<T>
{
    T this[nint index] { get; }
}

/// <summary>Line of contiguous vectors, <paramref name="step"/> floats apart.</summary>
internal readonly unsafe struct Line<T>(float* first, nint step) : ILine<T> where T : unmanaged, ISimd<T>
{
    public T this[nint index] => T.Load(first + index * step);
}

/// <summary>Line of vectors that span channel blocks <paramref name="blockStride"/> floats apart.</summary>
internal readonly unsafe struct BlockLine<T>(float* first, nint step, nint blockStride) : ILine<T> where T : unmanaged, ISimd<T>
{
    public T this[nint index] => T.LoadBlocks(first + index * step, blockStride);
}
